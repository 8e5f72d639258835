import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, runsOf } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { restoreInto } from '../support/restores.ts';
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
  expect(run?.verdicts).toMatchObject([{ verdict: 'completed', steps: result.steps }]);
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
