import { setTimeout } from 'node:timers/promises';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { BackupDeps } from '../backup.ts';
import type { Database } from '../falkordb/database.ts';
import type { Work } from '../run.ts';
import type { Journal } from './journal.ts';
import { recover } from './recover.ts';
import { describeRecovered, type Recovered } from './recovered.ts';
import { RolledBackError } from './rolled-back-error.ts';

const LEASE_ANSWER_TIMEOUT_MS = 5_000;

/** Reasons that the data itself gives, or that the server gives for not keeping it. */
const ROLL_BACK_CODES = new Set<string>(['integrity', 'database-failed', 'database-busy', 'deadline']);

export function isReasonToRollBack(error: unknown): boolean {
  return error instanceof BackupError && ROLL_BACK_CODES.has(error.code);
}

export function differs(name: string, differences: string[]): BackupError {
  return new BackupError('integrity', `What FalkorDB loaded differs from ${name}: ${differences.join('; ')}.`, {
    hint: 'Restore another backup. Keep this one, and its log, for whoever looks into it.',
  });
}

/** @param failure for which it was to be rolled back */
export function notRolledBack(failure: BackupError, safetyBackupId: string, why: BackupError): BackupError {
  return new BackupError(
    failure.code,
    `${failure.message} ${safetyBackupId} could not be loaded in its place: ${why.message}`,
    { hint: `Mend that, and run "falkordb-backup restore ${safetyBackupId}".`, cause: failure },
  );
}

export function writtenMeanwhile(db: Database): BackupError {
  return new BackupError('database-failed', `FalkorDB at ${db.name} was written to while it was to stand still.`, {
    hint: 'Something writes past its read-only state: a module, a script, or another REPLICAOF. End it and try again.',
  });
}

/**
 * Sets FalkorDB free after a restore that failed, and says what it holds. Its cause is the reason of the abort where the
 * run was told to stop.
 */
export async function explainFailure(
  error: unknown,
  journal: Journal,
  work: Work,
  { config, log }: Pick<BackupDeps, 'config' | 'log'>,
): Promise<BackupError> {
  await askForLease(work);
  if (work.lease.lost.aborted) return leftAlone(toBackupError(work.lease.lost.reason));
  const isStopped = work.signal.aborted && !isReasonToRollBack(error);
  const failure = toBackupError(isStopped ? work.signal.reason : error);
  const cause = work.signal.aborted ? work.signal.reason : error;
  let recovered: Recovered;
  try {
    recovered = await recover(journal, {
      address: config.falkordb,
      timeouts: { busySeconds: config.busyTimeoutSeconds, saveSeconds: config.saveTimeoutSeconds },
      timeoutSeconds: config.timeoutSeconds,
      log,
      signal: work.lease.lost,
    });
  } catch (recoverError) {
    if (work.lease.lost.aborted) return leftAlone(toBackupError(work.lease.lost.reason));
    return notSetFree(failure, toBackupError(recoverError), cause);
  }
  const { code, message, hint, retryable } = failure;
  const Failure = recovered.holds === 'safety backup' ? RolledBackError : BackupError;
  return new Failure(code, `${message} ${describeRecovered(recovered, config.falkordb)}`, {
    ...(hint === undefined ? {} : { hint }),
    retryable,
    cause,
  });
}

/** A store that is away must not keep FalkorDB from being set free: only a lease that is known to be lost counts. */
async function askForLease({ lease }: Work): Promise<void> {
  const waiting = new AbortController();
  const late = setTimeout(LEASE_ANSWER_TIMEOUT_MS, undefined, { signal: waiting.signal });
  await Promise.race([lease.assertHeld().catch(() => {}), late]).finally(() => waiting.abort());
}

function notSetFree(failure: BackupError, why: BackupError, cause: unknown): BackupError {
  return new BackupError(
    'restore-unfinished',
    `${failure.message} And FalkorDB could not be set free: ${why.message}`,
    { hint: `${why.hint ?? ''} Then run "falkordb-backup restore --recover".`.trim(), cause },
  );
}

function leftAlone(lost: BackupError): BackupError {
  return new BackupError('lease-lost', `${lost.message} FalkorDB was left as it is.`, {
    hint: 'Unless the other run has done so, "falkordb-backup restore --recover" on this host sets FalkorDB free.',
    cause: lost,
  });
}
