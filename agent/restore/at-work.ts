import { LeaseHeldError, workingRun } from '../../core/catalog/lease.ts';
import { findRun } from '../../core/catalog/runs.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { isProcessDead } from '../process-identity.ts';

/**
 * What a restore does to FalkorDB looks like faults of it, and its journal like one that was left: whoever mends those
 * breaks it. A backup at work is waited for, or not, once the run has its plan.
 * @throws lease-held, naming the restore that is at work on the target; store-*, integrity
 */
export async function assertNoRestoreAtWork(
  target: string,
  { store, now }: { store: ObjectStore; now: () => Date },
): Promise<void> {
  const runId = await workingRun(store, target, now(), isProcessDead);
  const run = runId === undefined ? undefined : await findRun(store, target, runId);
  if (run?.requested?.verb !== 'restore') return;
  throw new LeaseHeldError(run.runId, `Restore ${run.runId} is at work on ${target}.`, {
    hint: 'Wait for it to end, then look at what it has restored. If its agent has died, it counts as ended within a minute.',
    retryable: true,
  });
}
