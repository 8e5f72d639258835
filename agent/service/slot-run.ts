import { findRun, type Run } from '../../core/catalog/runs.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Slot } from './agenda.ts';

const MAX_ATTEMPTS = 3;

/** As `scheduledRunId` makes it, on AWS too: whoever is asked for the same slot, and how often, it is one run. */
export function runIdOfSlot({ job, dueAt }: Slot): string {
  return `${toCompactTimestamp(dueAt)}-${job}`;
}

/**
 * Whether nothing is left to do for what was due: it was done, or was tried and has failed. One that was cut off, by a stop
 * or by a kill, is open; a service that is stopped again and again in the middle of it gives it up.
 * @throws store-*
 */
export async function isSettled(store: ObjectStore, target: string, slot: Slot): Promise<boolean> {
  const run = await findRun(store, target, runIdOfSlot(slot));
  return run !== undefined && run.verdicts.length > 0 && !wasStopped(run);
}

function wasStopped({ verdicts }: Run): boolean {
  return verdicts.length < MAX_ATTEMPTS && verdicts.every(({ failure }) => failure?.code === 'interrupted');
}
