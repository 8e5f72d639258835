import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { restore } from '../../agent/restore/restore.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import { FileStore } from '../../core/store/file-store.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { backUp, manifestOf, runsOf } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { planOf, restoreDeps, restoreInto } from '../support/restores.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let store: FileStore;
let state: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  state = join(folder.path, 'state');
  return () => folder[Symbol.asyncDispose]();
});

/** A backup of 100 nodes, after which 50 were added. */
async function changedSince(live: LiveServer): Promise<string> {
  await live.graph('g', 'UNWIND range(1, 100) AS i CREATE (:Person {id: i, name: "p" + i})-[:KNOWS]->(:City {id: i})');
  await live.graph('g', 'CREATE INDEX FOR (p:Person) ON (p.id)');
  const { backupId } = manifestOf(await backUp(live, store));
  await live.graph('g', 'UNWIND range(1, 50) AS i CREATE (:Later {id: i})');
  await live.client.set('later', 'yes');
  return backupId;
}

async function expectFree(live: LiveServer): Promise<void> {
  expect(await live.info('role')).toBe('master');
  expect(await live.client.config('GET', 'masterauth')).toEqual(['masterauth', '']);
  await live.client.set('writable', 'yes');
  expect(await live.client.del('writable')).toBe(1);
  expect(await readdir(state)).toEqual([]);
}

test('a restore brings back what the backup holds, keeps what was there, and records its steps', async () => {
  await using live = await startLiveServer();
  const backupId = await changedSince(live);
  const result = await restoreInto(live, store, state);
  expect(result).toMatchObject({ status: 'completed', restored: backupId, pendingIndexes: [], notes: [] });
  expect(await live.nodeCounts()).toEqual({ g: 200 });
  expect(await live.client.get('later')).toBeNull();
  await expectFree(live);

  const safety = parseBackupId(result.safetyBackupId ?? '');
  expect(safety && (await findManifest(store, safety))).toMatchObject({ graphs: [{ nodes: 250 }], countsExact: true });
  const run = (await runsOf(store)).find(({ runId }) => runId === result.runId);
  expect(run?.requested).toMatchObject({ verb: 'restore', backupId });
  expect(run?.verdicts).toMatchObject([{ verdict: 'completed', steps: result.steps.slice(0, -1) }]);
  expect(result.steps.map(({ name }) => name)).toEqual([
    'prove',
    'check',
    'freeze',
    'safety backup',
    'stream the backup',
    'load the backup',
    'compare',
    'persist',
    'promote',
    'indexes',
  ]);
});

test('the safety backup takes one back, and each restore has its own, even within one second', async () => {
  await using live = await startLiveServer();
  await changedSince(live);
  const now = new Date();
  const atOnce = { deps: { now: () => now } };
  const { safetyBackupId } = await restoreInto(live, store, state, atOnce);
  const back = await restoreInto(live, store, state, { reference: safetyBackupId ?? '', ...atOnce });
  const safety = parseBackupId(back.safetyBackupId ?? '');
  expect(safety && (await findManifest(store, safety))).toMatchObject({ graphs: [{ nodes: 200 }] });
  expect(await live.nodeCounts()).toEqual({ g: 250 });
  expect(await live.client.get('later')).toBe('yes');
  await expectFree(live);
});

test('the same request delivered twice restores once', async () => {
  await using live = await startLiveServer();
  await changedSince(live);
  const { runId } = await restoreInto(live, store, state);
  await live.graph('g', 'CREATE (:SinceThen)');
  const again = restoreInto(live, store, state, { request: { runId } });
  await expect(again).rejects.toMatchObject({
    code: 'lease-held',
    message: expect.stringContaining('has begun before'),
  });
  expect(await live.nodeCounts()).toEqual({ g: 201 });
  const run = (await runsOf(store)).find((candidate) => candidate.runId === runId);
  expect(run?.verdicts).toMatchObject([{ verdict: 'completed' }]);
});

test('a store that goes away after FalkorDB was frozen leaves it with its old data, taking writes', async () => {
  await using live = await startLiveServer();
  await changedSince(live);
  const deps = restoreDeps(live, failing(store, /pre-restore.*dump/), state);
  const plan = await planOf({}, deps);
  await expect(restore(plan, deps)).rejects.toMatchObject({
    code: 'store-unavailable',
    message: expect.stringContaining('has its old data and takes writes again'),
  });
  expect(await live.nodeCounts()).toEqual({ g: 250 });
  await expectFree(live);
});

/** A store of which everything fails once a key like this is to be written. */
function failing(inner: ObjectStore, pattern: RegExp): ObjectStore {
  let isAway = false;
  const check = (key: string) => {
    isAway ||= pattern.test(key);
    if (isAway) throw new BackupError('store-unavailable', 'The store is away.', { retryable: true });
  };
  return {
    url: inner.url,
    put: async (key, ...rest) => {
      check(key);
      return inner.put(key, ...rest);
    },
    get: async (...args) => {
      check('');
      return inner.get(...args);
    },
    head: async (...args) => {
      check('');
      return inner.head(...args);
    },
    delete: async (...args) => {
      check('');
      return inner.delete(...args);
    },
    abortUpload: (...args) => inner.abortUpload(...args),
    async *list(...args) {
      check('');
      yield* inner.list(...args);
    },
    listUploads: (...args) => inner.listUploads(...args),
  };
}
