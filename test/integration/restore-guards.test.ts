import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { refuseWrites } from '../../agent/falkordb/write-limits.ts';
import { replaceData } from '../../agent/restore/replace-data.ts';
import { resolveSource } from '../../agent/restore/restore-source.ts';
import { Steps } from '../../agent/restore/steps.ts';
import { recordRun } from '../../agent/run.ts';
import { recordVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, nextRunId, TARGET } from '../support/backups.ts';
import { dumpOfServer } from '../support/dumps.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { crc64 } from '../support/rdb-bytes.ts';
import { planOf, restoreDeps, restoreInto } from '../support/restores.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const LIBRARY = "function one() { return 1; }; falkor.register('one', one);";

let folder: TemporaryFolder;
let store: FileStore;
let state: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  state = join(folder.path, 'state');
  return () => folder[Symbol.asyncDispose]();
});

/** A server with a backup of one node, and one more node since. */
async function startWithBackup(): Promise<{ live: LiveServer; backupId: string }> {
  const live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  const { backupId } = manifestOf(await backUp(live, store));
  await live.graph('g', 'CREATE (:Later)');
  return { live, backupId };
}

test('a dump that Redis empties itself for before it refuses it is rolled back to the safety backup', async () => {
  const { live } = await startWithBackup();
  await using _ = live;
  const dump = await dumpOfServer(live);
  dump.write('REDIS0099', 'latin1');
  dump.writeBigUInt64LE(crc64(dump.subarray(0, -8)), dump.length - 8);
  const file = join(folder.path, 'too-new.rdb');
  await writeFile(file, dump);
  const deps = restoreDeps(live, store, state);
  const { signal } = deps;
  const source = await resolveSource(file, { store, target: TARGET, signal });
  const order = { runId: nextRunId(), source, expected: null, withSafetyBackup: true };
  const run = {
    ...deps,
    verb: 'restore' as const,
    runId: order.runId,
    target: TARGET,
    backupId: null,
    timeoutSeconds: 60,
  };
  const restoring = recordRun(run, async (work) => {
    return { status: 'completed', value: await replaceData(order, work, deps, new Steps(deps.log)) };
  });
  await expect(restoring).rejects.toMatchObject({
    code: 'database-failed',
    message: expect.stringMatching(/does not load it\..* has its old data back from the safety backup/),
  });
  expect(await live.nodeCounts()).toEqual({ g: 2 });
  await live.graph('g', 'CREATE (:Writable)');
});

describe('a plan refuses', () => {
  test('a server that a killed restore has left refusing writes', async () => {
    const { live } = await startWithBackup();
    await using _ = live;
    using db = await Database.connect(live.address);
    await refuseWrites(db);
    const { refusals } = await planOf({}, restoreDeps(live, store, state));
    expect(refusals).toMatchObject([{ code: 'database-unsuitable', hint: expect.stringContaining('--recover') }]);
  });

  test('what was loaded for a trial and failed, also where no proof is asked for', async () => {
    const { live, backupId } = await startWithBackup();
    await using _ = live;
    const parts = parseBackupId(backupId);
    const manifest = manifestOf(await backUp(live, store, { tier: 'daily' }));
    if (!parts) throw new Error(backupId);
    await recordVerification(store, parseBackupId(manifest.backupId) ?? parts, {
      schemaVersion: 1,
      backupId: manifest.backupId,
      verifiedAt: new Date().toISOString(),
      rdbSha256: manifest.rdb.sha256,
      outcome: 'failed',
      engine: { redis: '8.2.3', falkordb: '4.16.3' },
      failure: { code: 'integrity', message: 'it crashed' },
      differences: [],
      contents: null,
      loadSeconds: 1,
      tool: { name: 'falkordb-backup', version: '0.1.0' },
    });
    const call = { reference: manifest.backupId, request: { unproven: true } };
    const { refusals } = await planOf(call, restoreDeps(live, store, state));
    expect(refusals).toMatchObject([{ code: 'integrity', message: expect.stringContaining('it crashed') }]);
  });
});

test('a server that closes idle connections is restored all the same', async () => {
  const { live } = await startWithBackup();
  await using _ = live;
  await live.fill(30);
  await live.setSaveDelay(100_000);
  await live.client.config('SET', 'timeout', '1');
  await restoreInto(live, store, state, { request: { unproven: true } });
  live.client.disconnect();
  using db = await Database.connect(live.address);
  expect((await db.info()).role).toBe('master');
});

test('a UDF library that is loaded while the server stands still is not thrown away unseen', async () => {
  const { live } = await startWithBackup();
  await using _ = live;
  const loadDuringSafetyBackup = {
    ...restoreDeps(live, store, state),
    onProgress: ({ phase }: { phase: string }) => {
      if (phase === 'transfer') void live.client.call('GRAPH.UDF', 'LOAD', 'late', LIBRARY).catch(() => {});
    },
  };
  const restoring = restoreInto(live, store, state, { deps: { onProgress: loadDuringSafetyBackup.onProgress } });
  await expect(restoring).rejects.toMatchObject({ message: expect.stringContaining('was written to while') });
  expect(await live.nodeCounts()).toEqual({ g: 2 });
  expect(JSON.stringify(await live.client.call('GRAPH.UDF', 'LIST'))).toContain('late');
});

test('a copy of a graph that is under way ends before the server stands still', async () => {
  const { live } = await startWithBackup();
  await using _ = live;
  await live.graph('big', 'UNWIND range(1, 400000) AS i CREATE (:Node {id: i, name: "node " + i})');
  const copier = live.client.duplicate({ retryStrategy: null });
  const copied = copier.call('GRAPH.COPY', 'big', 'copy').then(
    () => 'done',
    (error: Error) => error.message,
  );
  await delay(20);
  await restoreInto(live, store, state, { request: { unproven: true, withSafetyBackup: false } });
  expect(await copied).toBe('done');
  const graphs = async () => ((await live.client.call('GRAPH.LIST')) as string[]).toSorted();
  expect(await graphs()).toEqual(['g']);
  await delay(2_000);
  expect(await graphs()).toEqual(['g']);
  copier.disconnect();
});

test('a store that says nothing any more does not keep the server frozen beyond the deadline', async () => {
  const { live } = await startWithBackup();
  await using _ = live;
  const hanging = new (class extends FileStore {
    override async get(...args: Parameters<FileStore['get']>): ReturnType<FileStore['get']> {
      const object = await super.get(...args);
      if (!args[0].includes('dump')) return object;
      return { ...object, body: { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) } };
    }
  })(join(folder.path, 'store'));
  const restoring = restoreInto(live, hanging, state, { request: { unproven: true }, config: { timeoutSeconds: 3 } });
  await expect(restoring).rejects.toMatchObject({
    code: 'deadline',
    message: expect.stringContaining('has its old data'),
  });
  expect(await live.nodeCounts()).toEqual({ g: 2 });
});
