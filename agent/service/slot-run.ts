import { findRun, type Run } from '../../core/catalog/runs.ts';
import { scheduledRunId } from '../../core/model/request.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';
import type { Slot } from './agenda.ts';

const MAX_ATTEMPTS = 3;

/** The same as on AWS: whoever is asked for a slot, and how often, it is one run. */
export function runIdOfSlot({ job, dueAt }: Slot): string {
  return job === 'prune' ? `${toCompactTimestamp(dueAt)}-prune` : scheduledRunId(dueAt, job);
}

export function findSlotRun(
  store: Parameters<typeof findRun>[0],
  target: string,
  slot: Slot,
): Promise<Run | undefined> {
  return findRun(store, target, runIdOfSlot(slot));
}

/**
 * Whether it is to be made again: it was cut off, by a stop or by a kill, or has failed for a reason that may have passed.
 * One that failed again and again is given up.
 */
export function isOpen({ verdicts }: Run): boolean {
  return verdicts.length < MAX_ATTEMPTS && verdicts.every(({ failure }) => failure?.retryable);
}
