import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { readServerState } from '../../agent/falkordb/server-state.ts';
import type { OnProgress } from '../../agent/progress.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { readObject } from '../../core/store/small-object.ts';
import { backUp, dumpOf, manifestOf, nextRunId, nextTime, runsOf, wholeBackups } from '../support/backups.ts';
import { loaded } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const SAVE_AGAIN = new URL('../support/save-again.ts', import.meta.url).pathname;
const SOURCES = ['bgsave', 'replication'] as const;
const ODD_NAME = 'odd, {name} "quoted" \'é\' [漢字] \\ :%';
const ODD_LABEL = 'La"bel, {with: [odd]} é漢';

let folder: TemporaryFolder;
let store: FileStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
});

afterEach(async () => folder[Symbol.asyncDispose]());

describe.each(SOURCES)('a backup by %s', (source) => {
  test('says what it holds, and holds what it says', async () => {
    await using live = await startLiveServer();
    await live.graph('people', 'UNWIND range(1, 300) AS i CREATE (:Person {i: i, name: toString(i)})-[:KNOWS]->(:Cat)');
    await live.graph('people', 'CREATE INDEX FOR (p:Person) ON (p.i)');
    await live.graph('people', 'CREATE FULLTEXT INDEX FOR (p:Person) ON (p.name)');
    await live.client.call('GRAPH.CONSTRAINT', 'CREATE', 'people', 'UNIQUE', 'NODE', 'Person', 'PROPERTIES', 1, 'i');
    await live.graph(ODD_NAME, `CREATE (:\`${ODD_LABEL}\` {x: 1})-[:\`${ODD_LABEL}\`]->()`);
    await live.graph('empty', 'RETURN 1');
    await live.client.set('plain', 'key');
    await eventually(async () => {
      const status = await live.graph('people', 'CALL db.constraints() YIELD status RETURN status');
      expect(JSON.stringify(status)).toContain('OPERATIONAL');
    });
    const scheduledFor = nextTime();
    const before = Date.now();

    const manifest = manifestOf(await backUp(live, store, { tier: 'daily', scheduledFor, config: { source } }));

    expect(manifest).toMatchObject({
      tier: 'daily',
      target: 'falkordb',
      scheduledFor: scheduledFor.toISOString(),
      source,
      engine: { redis: await live.info('redis_version'), falkordb: '4.16.3' },
      server: { runId: await live.info('run_id') },
      rdb: { checksum: 'verified' },
      stored: { compression: 'zstd', encryption: 'none' },
      countsExact: true,
      keys: 4,
    });
    expect(manifest.server.rdbSaves).toBe(source === 'bgsave' ? 1 : null);
    expect(Math.abs(Date.parse(manifest.rdb.createdAt) - before)).toBeLessThan(30_000);
    expect(manifest.graphs).toEqual([
      { name: 'empty', nodes: 0, edges: 0, labels: [], relationshipTypes: [], indexes: [], constraints: [] },
      {
        name: ODD_NAME,
        nodes: 2,
        edges: 1,
        labels: [ODD_LABEL],
        relationshipTypes: [ODD_LABEL],
        indexes: [],
        constraints: [],
      },
      {
        name: 'people',
        nodes: 600,
        edges: 300,
        labels: ['Cat', 'Person'],
        relationshipTypes: ['KNOWS'],
        indexes: [
          {
            entity: 'node',
            label: 'Person',
            properties: { i: ['RANGE'], name: ['FULLTEXT'] },
            status: expect.stringMatching(/OPERATIONAL/i),
          },
        ],
        constraints: [
          {
            type: expect.stringMatching(/unique/i),
            entity: 'node',
            label: 'Person',
            properties: ['i'],
            status: 'OPERATIONAL',
          },
        ],
      },
    ]);

    const parts = parseBackupId(manifest.backupId);
    expect(parts && (await findManifest(store, parts))).toEqual(manifest);
    expect(await wholeBackups(store)).toEqual([manifest.backupId]);
    const found = await loaded({ bytes: await dumpOf(store, manifest) }, async (fresh) => {
      const again = manifestOf(await backUp(fresh, store, { config: { target: 'copy' } }));
      return { graphs: again.graphs, plain: await fresh.client.get('plain') };
    });
    expect(found).toEqual({ graphs: manifest.graphs, plain: 'key' });
  });
});

test('a backup keeps users and configuration beside the dump, and no secret', async () => {
  await using live = await startLiveServer({ password: 'the-server-secret' });
  await live.client.acl('SETUSER', 'reader', 'on', '>the-user-secret', '~*', '+get');
  const manifest = manifestOf(await backUp(live, store));
  const text = Buffer.from((await readObject(store, manifest.state.key)).bytes).toString();
  using db = await Database.connect(live.address);
  const state = await readServerState(db);
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(state)));
  expect(text).toContain('user reader on');
  expect(text).not.toMatch(/the-(server|user)-secret/);
  expect(JSON.parse(text).omittedSecrets).toEqual(['requirepass']);
});

test('without compression the stored object is the dump itself', async () => {
  await using live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  const { stored, rdb } = manifestOf(await backUp(live, store, { config: { compression: 'none' } }));
  expect(stored).toMatchObject({ compression: 'none', bytes: rdb.bytes, sha256: rdb.sha256 });
  expect(Buffer.from((await readObject(store, stored.key)).bytes).toString('latin1')).toMatch(/^REDIS\d{4}/);
});

test('an empty server can be backed up', async () => {
  await using live = await startLiveServer();
  const manifest = manifestOf(await backUp(live, store));
  expect(manifest).toMatchObject({ graphs: [], keys: 0, countsExact: true });
  expect(await loaded({ bytes: await dumpOf(store, manifest) }, (fresh) => fresh.client.dbsize())).toBe(0);
});

describe.each(SOURCES)('counts that a writer has changed meanwhile (%s)', (source) => {
  /** Writes for the first `times` times that the graphs are counted. */
  const backUpWhileWriting = async (times: number, query: string, graph: (count: number) => string) => {
    await using live = await startLiveServer();
    for (let i = 0; i < 3; i++) await live.graph(`g${i}`, 'CREATE (:Node)');
    const written: Promise<unknown>[] = [];
    const onProgress: OnProgress = ({ phase, done }) => {
      if (phase !== 'inventory' || done !== 2 || written.length === times) return;
      written.push(live.graph(graph(written.length), query));
    };
    const manifest = manifestOf(await backUp(live, store, { config: { source }, deps: { onProgress } }));
    await Promise.all(written);
    const held = await loaded({ bytes: await dumpOf(store, manifest) }, (fresh) => fresh.nodeCounts());
    expect(held).toEqual(await live.nodeCounts());
    return { manifest, held };
  };

  test.each([
    ['adds nodes', 'CREATE (:Node)', () => 'g0'],
    ['creates empty graphs', 'RETURN 1', (count: number) => `new${count}`],
  ])('are not called exact: it %s all the time', async (_, query, graph) => {
    const { manifest } = await backUpWhileWriting(Number.POSITIVE_INFINITY, query, graph);
    expect(manifest.countsExact).toBe(false);
  });

  test('are taken again, and are exact', async () => {
    const { manifest, held } = await backUpWhileWriting(1, 'CREATE (:Node)', () => 'g0');
    expect(manifest.countsExact).toBe(true);
    expect(Object.fromEntries(manifest.graphs.map(({ name, nodes }) => [name, nodes]))).toEqual(held);
  });
});

test('counts are not called exact where the dump of a later save is read, as this process was paused meanwhile', async () => {
  await using live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  await live.fill(20);
  await live.setSaveDelay(10_000);
  let pauses = 0;
  const onProgress: OnProgress = ({ phase }) => {
    if (phase === 'save' && ++pauses === 1) execFileSync(process.execPath, [SAVE_AGAIN, live.server.url]);
  };

  const manifest = manifestOf(await backUp(live, store, { config: { source: 'bgsave' }, deps: { onProgress } }));

  expect(manifest.server.rdbSaves).toBe(2);
  expect(await loaded({ bytes: await dumpOf(store, manifest) }, (fresh) => fresh.nodeCounts())).toEqual({ g: 2 });
  expect(manifest).toMatchObject({ graphs: [{ nodes: 1 }], countsExact: false });
});

describe('the same scheduled backup, asked for again', () => {
  test('is the one that exists, and nothing is saved again', async () => {
    await using live = await startLiveServer();
    const scheduledFor = nextTime();
    const first = manifestOf(await backUp(live, store, { tier: 'daily', scheduledFor }));
    await live.graph('g', 'CREATE (:Later)');

    const second = manifestOf(await backUp(live, store, { tier: 'daily', scheduledFor }));

    expect(second).toEqual(first);
    expect(await live.info('rdb_saves')).toBe('1');
    expect((await runsOf(store)).map(({ verdicts }) => verdicts.map(({ verdict }) => verdict))).toEqual([
      ['completed'],
      ['completed'],
    ]);
  });

  test('needs no server for that', async () => {
    await using live = await startLiveServer();
    const scheduledFor = nextTime();
    const first = manifestOf(await backUp(live, store, { scheduledFor }));
    await live.server.stop();
    expect(manifestOf(await backUp(live, store, { scheduledFor }))).toEqual(first);
  });

  test('of another tier is another backup', async () => {
    await using live = await startLiveServer();
    const scheduledFor = nextTime();
    for (const tier of ['daily', 'weekly', 'monthly', 'manual'] as const) {
      await backUp(live, store, { tier, scheduledFor });
    }
    expect(await wholeBackups(store)).toHaveLength(4);
  });
});

test('the records of a run say when it was asked for, who did it and what came of it', async () => {
  await using live = await startLiveServer();
  const runId = nextRunId();
  const { backupId } = manifestOf(await backUp(live, store, { runId }));
  const [run] = await runsOf(store);
  expect(run).toMatchObject({
    runId,
    unreadable: [],
    requested: { verb: 'backup', backupId },
    started: { pid: process.pid },
    verdicts: [{ verdict: 'completed', reason: null, failure: null }],
  });
});
