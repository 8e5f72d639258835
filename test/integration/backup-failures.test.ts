import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupError } from '../../core/model/errors.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { keysOf } from '../conformance/object-helpers.ts';
import { type BackupCall, backUp, manifestOf, nextRunId, runsOf } from '../support/backups.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';
import { uploadedBytes } from '../support/store-files.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const KIB = 1024;

let folder: TemporaryFolder;
let store: FileStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
});

afterEach(async () => folder[Symbol.asyncDispose]());

/** The backup fails so, its run says so, nothing else of it is in the store, and the target is free again. */
async function failsWith(code: string, live: Pick<LiveServer, 'address'>, call: BackupCall = {}): Promise<void> {
  const runId = nextRunId();
  const failure = await backUp(live, store, { ...call, runId }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ name: 'BackupError', code, hint: expect.stringMatching(/./) });
  const { message, hint, retryable } = failure as BackupError;
  const [run] = await runsOf(store);
  expect(run).toMatchObject({
    runId,
    requested: { runId },
    started: { runId },
    verdicts: [{ verdict: 'failed', reason: null, failure: { code, message, hint, retryable } }],
    unreadable: [],
  });
  expect((await keysOf(store)).filter((key) => !key.startsWith('runs/'))).toEqual(['locks/falkordb.json']);
  expect(await uploadedBytes(folder.path)).toBe(undefined);

  await using healthy = await startLiveServer();
  manifestOf(await backUp(healthy, store));
}

describe('a backup fails, and is recorded to have failed', () => {
  test('where nothing listens', async () => {
    const live = await startLiveServer();
    await live[Symbol.asyncDispose]();
    await failsWith('database-unreachable', live);
  });

  test('where the password is wrong', async () => {
    await using live = await startLiveServer({ password: 'right' });
    await failsWith('database-denied', { address: { ...live.address, password: 'wrong' } });
  });

  test('where the server is a Redis without the module', async () => {
    await using live = await startLiveServer({ module: false });
    await failsWith('database-unsuitable', live);
  });

  test('where the server is a replica without its master', async () => {
    await using live = await startLiveServer();
    await live.client.replicaof('127.0.0.1', 1);
    await failsWith('database-unsuitable', live);
  });

  test('where the save fails', async () => {
    await using live = await startLiveServer();
    await mkdir(join(live.server.folder, 'dump.rdb', 'in the way'), { recursive: true });
    await failsWith('database-failed', live, { config: { source: 'bgsave' } });
  });

  test('where the data folder is not that of the server', async () => {
    await using live = await startLiveServer();
    await using other = await temporaryFolder();
    await failsWith('dump-not-ours', live, { config: { source: 'bgsave', dataFolder: other.path } });
  });

  test.each(['bgsave', 'replication'] as const)('where it takes too long (%s)', async (source) => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '1000000' } });
    await live.fill(60, 64 * KIB);
    await failsWith('deadline', live, { config: { source, timeoutSeconds: 0.5 } });
  });

  test.each(['bgsave', 'replication'] as const)('where it is told to stop (%s)', async (source) => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '1000000' } });
    await live.fill(60, 64 * KIB);
    const stop = new AbortController();
    const stopped = new BackupError('interrupted', 'Stopped.', { hint: 'Run it again.' });
    const failing = failsWith('interrupted', live, { config: { source }, deps: { signal: stop.signal } });
    await saveChild(live);
    stop.abort(stopped);
    await failing;
  });

  test.each(['server', 'process that saves'])(
    'where the %s is killed in the middle of the transfer',
    async (victim) => {
      await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '20000' } });
      await live.fill(100, 64 * KIB);
      const config = { source: 'replication', compression: 'none' } as const;
      const failing = failsWith('database-unreachable', live, { config });
      await eventually(async () => expect(await uploadedBytes(folder.path)).toBeGreaterThan(64 * KIB));
      process.kill(victim === 'server' ? live.server.pid : await saveChild(live), 'SIGKILL');
      await failing;
    },
  );

  test('where the server is killed while it saves', async () => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '1000000' } });
    await live.fill(60);
    const failing = failsWith('database-unreachable', live, { config: { source: 'bgsave' } });
    await saveChild(live);
    process.kill(live.server.pid, 'SIGKILL');
    await failing;
  });
});
