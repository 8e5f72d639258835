import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { proveBackup } from '../../agent/prove.ts';
import type { RestoreResult } from '../../agent/restore/restore.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf } from './backups.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { type LiveServer, startLiveServer } from './live-server.ts';
import { type RestoreCall, restoreDeps, restoreInto } from './restores.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A backup that was proved, to be restored again and again. */
export interface ProvedBackup extends AsyncDisposable {
  backupId: string;
  store: FileStore;
  /** Of the store. */
  root: string;
  /** Where restores note how far they are. */
  state: string;
  /** What it holds. */
  contents: Fingerprint;
}

export async function makeProvedBackup(): Promise<ProvedBackup> {
  const folder = await temporaryFolder();
  const root = join(folder.path, 'store');
  const store = new FileStore(root);
  await using live = await startLiveServer();
  await live.graph('g', 'UNWIND range(1, 500) AS i CREATE (:New {id: i})-[:KNOWS {since: i}]->(:City {name: "c" + i})');
  await live.graph('g', 'CREATE INDEX FOR (n:New) ON (n.id)');
  await live.client.set('side', 'new');
  const manifest = manifestOf(await backUp(live, store, { config: { compression: 'none' } }));
  const parts = parseBackupId(manifest.backupId);
  if (!parts) throw new Error(`${manifest.backupId} is no backup id`);
  const state = join(folder.path, 'state');
  await proveBackup(manifest, parts, restoreDeps(live, store, state));
  return {
    backupId: manifest.backupId,
    store,
    root,
    state,
    contents: await fingerprint(live.client),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

/** What a server holds before a restore. */
export async function fillOld(live: LiveServer): Promise<void> {
  await live.graph('g', 'UNWIND range(1, 200) AS i CREATE (:Old {id: i})');
  await live.graph('gone', 'CREATE (:Old)');
  await live.client.set('side', 'old');
}

/** Restores the backup, and sees that it is there and nothing else of the server has changed. */
export async function restoreProved(
  live: LiveServer,
  { backupId, store, state, contents }: ProvedBackup,
  call: RestoreCall & Partial<Pick<LiveServer, 'address'>> = {},
): Promise<RestoreResult> {
  const settings = await settingsOf(live.client);
  const result = await restoreInto(call.address ? { address: call.address } : live, store, state, {
    reference: backupId,
    ...call,
  });
  expect(result).toMatchObject({ restored: backupId, pendingIndexes: [] });
  expect(await fingerprint(live.client)).toEqual(contents);
  expect(await settingsOf(live.client)).toEqual(settings);
  await expectFree(live, state);
  return result;
}

/** It is a master that takes writes, and nothing of a restore is left. */
export async function expectFree(live: LiveServer, state: string): Promise<void> {
  expect(await live.info('role')).toBe('master');
  expect(await live.client.set('writable', 'yes')).toBe('OK');
  expect(await live.client.del('writable')).toBe(1);
  expect(await readdir(state)).toEqual([]);
}

/** By name: the server gives them in any order. */
export async function settingsOf(client: Redis): Promise<Map<string, string>> {
  const flat = (await client.config('GET', '*')) as string[];
  return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])));
}
