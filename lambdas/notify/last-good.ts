import { newestGoodBackup } from '../../core/catalog/newest-good.ts';
import { toBackupError } from '../../core/model/errors.ts';
import { TIERS } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';

const TIMEOUT_MS = 10_000;
/** What a restore found there and put away is no backup to go back to, unless somebody names it. */
const WANTED = TIERS.filter((tier) => tier !== 'pre-restore');

export type LastGood =
  | { kind: 'found'; backupId: string; at: Date }
  | { kind: 'none' }
  /** Why, as the rest of a sentence. */
  | { kind: 'unknown'; why: string };

/** The newest good backup of a target. Never throws, and ends within a bound: a notice must not wait for it. */
export async function findLastGood(
  store: ObjectStore,
  target: string,
  now: Date,
  timeoutMs = TIMEOUT_MS,
): Promise<LastGood> {
  const { promise: timeUp, resolve } = Promise.withResolvers<LastGood>();
  const why = `the store did not answer within ${timeoutMs / 1000} s`;
  const timer = setTimeout(() => resolve({ kind: 'unknown', why }), timeoutMs);
  try {
    return await Promise.race([lookUp(store, target, now), timeUp]);
  } catch (error) {
    return { kind: 'unknown', why: `the store could not be read: ${toBackupError(error).message}` };
  } finally {
    clearTimeout(timer);
  }
}

async function lookUp(store: ObjectStore, target: string, now: Date): Promise<LastGood> {
  const found = await Promise.all(WANTED.map((tier) => newestGoodBackup(store, { target, tier, now })));
  const goods = found.filter((good) => good !== null);
  const newest = goods.toSorted((a, b) => a.at.getTime() - b.at.getTime()).at(-1);
  return newest ? { kind: 'found', backupId: newest.backupId, at: newest.at } : { kind: 'none' };
}
