import { open, rm, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

/** Whoever holds one writes a small file meanwhile: one that is older was left behind by a process that was killed. */
const STALE_MS = 5_000;
const PATIENCE_MS = 20_000;
const POLL_MS = 10;

/**
 * Runs `work` while no other process does so under the same path. The lock is a file that is there as long as the work lasts.
 * Where two find the same stale one in the same moment, both may go on: what is written here bears that.
 * @throws deadline where others hold it for 20 s, the system's error where it cannot be made, and what `work` throws
 */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await create(path))) {
    if (await isStale(path)) await rm(path, { force: true });
    else if (performance.now() < until) await setTimeout(POLL_MS);
    else throw new BackupError('deadline', `${path} was held by others for ${PATIENCE_MS / 1000} s.`);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** One from the future too: the clock was set back. */
async function isStale(path: string): Promise<boolean> {
  try {
    return Math.abs(Date.now() - (await stat(path)).mtimeMs) > STALE_MS;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
