import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../model/errors.ts';
import { throwIfAborted } from '../abort.ts';

export const MUTEX_WAIT_MS = 30_000;
const RETRY_MIN_MS = 2;
const RETRY_SPREAD_MS = 20;
// https://www.sqlite.org/rescode.html; the low byte, for the extended codes say the same.
const SQLITE_BUSY = 5;

/**
 * Runs `task` while no other process, and nobody else in this one, runs one under the same path. SQLite is here only for
 * its lock: a POSIX record lock, which the kernel drops when its holder dies, however it dies. The file stays empty.
 * Nothing else may ever open that file: closing any descriptor of it would drop this process's lock.
 */
export async function withFolderMutex<T>(
  path: string,
  options: { waitMs: number; signal: AbortSignal | undefined },
  task: () => Promise<T>,
): Promise<T> {
  const database = await openDatabase(path);
  try {
    await lock(database, path, options);
    return await task();
  } finally {
    database.close();
  }
}

async function lock(
  database: DatabaseSync,
  path: string,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal | undefined },
): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!tryLock(database)) {
    throwIfAborted(signal);
    if (performance.now() > deadline) {
      throw new BackupError('store-unavailable', `Waited ${waitMs} ms for other writers to release ${path}.`, {
        hint: 'Look for a process of falkordb-backup that is stopped or stuck on this folder.',
        retryable: true,
      });
    }
    // At random, for two that found each other in the way must not do so again for ever.
    await setTimeout(RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS);
  }
  // SQLite falls back to opening read-only, and then "BEGIN EXCLUSIVE" succeeds without excluding anyone.
  await access(path, constants.R_OK | constants.W_OK);
}

async function openDatabase(path: string): Promise<DatabaseSync> {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    // SQLite only says "unable to open"; the folder tells why.
    await access(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
    throw error;
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY) return false;
    throw error;
  }
}
