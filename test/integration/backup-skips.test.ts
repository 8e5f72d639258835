import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, runsOf } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let store: FileStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
});

afterEach(async () => folder[Symbol.asyncDispose]());

async function startWithGraph(): Promise<LiveServer> {
  const live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node {i: 1})');
  return live;
}

const snapshot = (live: LiveServer) => backUp(live, store, { tier: 'snapshot' });

test('a snapshot is skipped where nothing was written since the last backup, again and again', async () => {
  await using live = await startWithGraph();
  const first = manifestOf(await snapshot(live));
  await live.client.call('GRAPH.RO_QUERY', 'g', 'MATCH (n) RETURN n');
  for (let i = 0; i < 2; i++) expect(await snapshot(live)).toMatchObject({ status: 'skipped', reason: 'unchanged' });
  expect(await live.info('rdb_saves')).toBe('1');
  expect(first.server.rdbSaves).toBe(1);
  const verdicts = (await runsOf(store)).flatMap((run) => run.verdicts);
  expect(verdicts.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['completed', null],
    ['skipped', 'unchanged'],
    ['skipped', 'unchanged'],
  ]);
});

test('the last backup may be of any tier', async () => {
  await using live = await startWithGraph();
  manifestOf(await snapshot(live));
  await live.graph('g', 'CREATE (:Node)');
  manifestOf(await backUp(live, store, { tier: 'daily' }));
  expect(await snapshot(live)).toMatchObject({ status: 'skipped' });
});

const WRITES: [string, (live: LiveServer) => Promise<unknown>][] = [
  ['a node was created', (live) => live.graph('g', 'CREATE (:Node)')],
  ['a property was changed', (live) => live.graph('g', 'MATCH (n) SET n.i = 2')],
  ['an empty graph was created', (live) => live.graph('e', 'RETURN 1')],
  ['the graph was deleted', (live) => live.client.call('GRAPH.DELETE', 'g')],
  ['the graph was copied', (live) => live.client.call('GRAPH.COPY', 'g', 'copy')],
  ['the graph was renamed', (live) => live.client.rename('g', 'h')],
  ['an index was created', (live) => live.graph('g', 'CREATE INDEX FOR (n:Node) ON (n.i)')],
  ['a function was loaded', (live) => live.client.call('GRAPH.UDF', 'LOAD', 'lib', 'falkor.register("f", (x) => x)')],
  ['a plain key was set', (live) => live.client.set('key', 'value')],
  ['all was deleted', (live) => live.client.flushall()],
];

describe('a snapshot is made', () => {
  test.each(WRITES)('after %s', async (_, write) => {
    await using live = await startWithGraph();
    manifestOf(await snapshot(live));
    await write(live);
    expect((await snapshot(live)).status).toBe('completed');
    expect((await snapshot(live)).status).toBe('skipped');
  });

  test.each(WRITES.slice(0, 4))('also where the server itself saved after %s', async (_, write) => {
    await using live = await startWithGraph();
    manifestOf(await snapshot(live));
    await write(live);
    await live.client.save();
    expect((await snapshot(live)).status).toBe('completed');
  });

  test('after a write that came while the last one was being saved', async () => {
    await using live = await startWithGraph();
    await live.fill(20);
    await live.setSaveDelay(20_000);
    let written: Promise<unknown> | undefined;
    await backUp(live, store, {
      tier: 'snapshot',
      deps: {
        onProgress: ({ phase }) => {
          if (phase === 'save') written ??= live.graph('g', 'CREATE (:Late)');
        },
      },
    });
    expect(await written).toBeDefined();
    await live.setSaveDelay(0);
    expect((await snapshot(live)).status).toBe('completed');
  });

  test('after any save that was not ours, though nothing was written', async () => {
    await using live = await startWithGraph();
    manifestOf(await snapshot(live));
    await live.client.save();
    expect((await snapshot(live)).status).toBe('completed');
  });

  test('after the server was started again from the very same dump', async () => {
    await using data = await temporaryFolder();
    {
      await using live = await startLiveServer({ folder: data.path });
      await live.graph('g', 'CREATE (:Node)');
      manifestOf(await snapshot(live));
      expect((await snapshot(live)).status).toBe('skipped');
    }
    await using live = await startLiveServer({ folder: data.path });
    expect(await live.nodeCounts()).toEqual({ g: 1 });
    expect((await snapshot(live)).status).toBe('completed');
  });

  test('where the last one came by replication, which leaves no trace on the server', async () => {
    await using live = await startWithGraph();
    const config = { source: 'replication' } as const;
    for (let i = 0; i < 2; i++) {
      expect((await backUp(live, store, { tier: 'snapshot', config })).status).toBe('completed');
    }
  });

  test('where the bytes of the last backup are gone', async () => {
    await using live = await startWithGraph();
    const { stored } = manifestOf(await snapshot(live));
    await unlink(join(folder.path, stored.key));
    expect((await snapshot(live)).status).toBe('completed');
    expect((await snapshot(live)).status).toBe('skipped');
  });

  test('where the last backup is of another server of the same name', async () => {
    await using live = await startWithGraph();
    manifestOf(await snapshot(live));
    await using other = await startWithGraph();
    expect((await snapshot(other)).status).toBe('completed');
  });
});

test.each(['daily', 'weekly', 'monthly', 'manual'] as const)('a %s backup is never skipped', async (tier) => {
  await using live = await startWithGraph();
  for (let i = 0; i < 2; i++) expect((await backUp(live, store, { tier })).status).toBe('completed');
});
