import { LeaseHeldError, workingRun } from '../../core/catalog/lease.ts';
import { findRun, type Run } from '../../core/catalog/runs.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { Requested } from '../../core/model/run-record.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { isProcessDead } from '../process-identity.ts';

/** What a request is about, as its record says it. */
export type Asked = Pick<Requested, 'verb' | 'runId' | 'target' | 'backupId'>;

/** The request was delivered before, and that delivery is at work or has ended: nothing was done. */
export interface Duplicate {
  action: 'duplicate';
  runId: string;
}

export function duplicate({ runId }: Asked): Duplicate {
  return { action: 'duplicate', runId };
}

/**
 * What earlier deliveries of this request have left; undefined where there is nothing.
 * @throws invalid-argument where the run was recorded as another thing; store-*
 */
export async function findEarlier(store: ObjectStore, asked: Asked): Promise<Run | undefined> {
  const run = await findRun(store, asked.target, asked.runId);
  if (run?.requested) assertSame(run.requested, asked);
  return run;
}

/** Nothing is left to do; a run that has failed may be tried again. */
export function hasSucceeded(run: Run | undefined): boolean {
  return run?.verdicts.some(({ verdict }) => verdict !== 'failed') ?? false;
}

/**
 * A restore is never begun twice, nor once somebody was told that it failed: data may have come since that nobody wants
 * to lose.
 */
export function isSpent(run: Run | undefined): boolean {
  return run !== undefined && (run.started !== undefined || run.verdicts.length > 0);
}

/**
 * A restore gives its lease back only once its verdict is written: where there is neither, it was cut off, and whoever
 * asks must not be told that all is well.
 * @throws restore-unfinished where the restore has begun, and nobody is at work on it any more; store-*
 */
export async function assertNotCutOff(
  { store, now }: { store: ObjectStore; now: () => Date },
  asked: Asked,
): Promise<void> {
  const { runId, target } = asked;
  if ((await workingRun(store, target, now(), isProcessDead)) === runId) return;
  const run = await findEarlier(store, asked);
  if (!run?.started || run.verdicts.length > 0) return;
  throw new BackupError('restore-unfinished', `Restore ${runId} of ${target} was cut off; FalkorDB may be frozen.`, {
    hint: 'Run "falkordb-backup restore --recover": it sets FalkorDB free. A restore is never repeated under the same run id.',
  });
}

/** The same run holds the lease, or has begun before. */
export async function unlessAtWork<T>(asked: Asked, body: () => Promise<T>): Promise<T | Duplicate> {
  try {
    return await body();
  } catch (error) {
    if (isAtWork(error, asked)) return duplicate(asked);
    throw error;
  }
}

export function isAtWork(error: unknown, { runId }: Asked): boolean {
  return error instanceof LeaseHeldError && error.runId === runId;
}

function assertSame(recorded: Requested, asked: Asked): void {
  const isOther = recorded.backupId !== null && asked.backupId !== null && recorded.backupId !== asked.backupId;
  if (recorded.verb === asked.verb && !isOther) return;
  throw new BackupError(
    'invalid-argument',
    `Run ${asked.runId} of ${asked.target} is the ${recorded.verb} of ${recorded.backupId ?? 'some backup'}, and not what is asked for now.`,
    { hint: 'Give every request a run id of its own; only a retry has the same.' },
  );
}
