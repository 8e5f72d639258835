import { scheduledRunId } from '../model/request.ts';
import type { Tier } from '../model/tiers.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { LostRunBounds } from './lost-runs.ts';
import { findRun } from './runs.ts';
import { runAtWork } from './tombstones.ts';

export interface DueRun {
  target: string;
  tier: Tier;
  dueAt: Date;
  now: Date;
  bounds: LostRunBounds;
}

/**
 * Whether the run that a schedule asked for may still bring its backup: it has begun, or waits for another run of the
 * target, has not said how it ended, and still has time. Later `lostRunNotices` gives it up.
 * @throws store-*, integrity where the lease cannot be read
 */
export async function isDueRunAtWork(
  store: ObjectStore,
  { target, tier, dueAt, now, bounds }: DueRun,
): Promise<boolean> {
  const run = await findRun(store, target, scheduledRunId(dueAt, tier));
  if (!run || run.verdicts.length > 0) return false;
  const begunAt = run.started?.startedAt ?? run.requested?.requestedAt;
  if (begunAt === undefined || now.getTime() > Date.parse(begunAt) + bounds.runMs) return false;
  return run.started !== undefined || (await runAtWork(store, target, now)) !== undefined;
}
