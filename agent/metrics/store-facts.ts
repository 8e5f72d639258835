import { workingRun } from '../../core/catalog/lease.ts';
import { newestGoodManifest } from '../../core/catalog/newest-good.ts';
import { listRuns, type Run } from '../../core/catalog/runs.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { readStatus, type Size } from '../status.ts';
import { lastVerifications, type Verifications } from './verifications.ts';

/** As far as `status` looks back. */
const RUNS_WINDOW_MS = 31 * 24 * 3600 * 1000;

/** What the store tells of one target. */
export interface StoreFacts {
  target: string;
  /** The newest good backup of each tier that has one. */
  backups: Manifest[];
  /** Of the last 31 days, oldest first. */
  runs: Run[];
  verifications: Verifications;
  isLeaseHeld: boolean;
  size: Size;
  now: Date;
}

/**
 * As many requests as `status` needs, twice the run records, and one or two listings more for each tier: the number of
 * backups does not count.
 * @throws store-*, integrity where the lease cannot be read
 */
export async function readStoreFacts(store: ObjectStore, target: string, now: Date): Promise<StoreFacts> {
  const { tiers, size } = await readStatus(store, target, now);
  const newest = tiers.flatMap((tier) => tier.newest ?? []);
  const good = await Promise.all(newest.map((entry) => newestGoodManifest(store, entry, now)));
  return {
    target,
    backups: good.filter((manifest) => manifest !== undefined),
    runs: await listRuns(store, target, new Date(now.getTime() - RUNS_WINDOW_MS)),
    verifications: await lastVerifications(store, target, now),
    isLeaseHeld: (await workingRun(store, target, now)) !== undefined,
    size,
    now,
  };
}
