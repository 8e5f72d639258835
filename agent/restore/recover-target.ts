import type { Undelivered } from '../../core/alerts/teller.ts';
import { LEASE_TTL_SECONDS, type Lease } from '../../core/catalog/lease.ts';
import { recordVerdict } from '../../core/catalog/runs.ts';
import { BackupError, EXIT_CODES, hasCode, toBackupError } from '../../core/model/errors.ts';
import type { NewVerdict } from '../../core/model/run-record.ts';
import { throwIfAborted } from '../../core/store/abort.ts';
import type { BackupDeps } from '../backup.ts';
import { type RecoveryEnd, restoreRecovered } from '../events.ts';
import { isProcessDead, ownIdentity } from '../process-identity.ts';
import { createTeller } from '../telling.ts';
import { waitForLease } from '../wait-for-lease.ts';
import { Journal, type JournalRecord } from './journal.ts';
import { recover } from './recover.ts';
import { describeRecovered, isSure, type Recovered } from './recovered.ts';

/** After this time the lease of a process that has died is nobody's, wherever it ran. */
export const LEASE_OUTLIVED_SECONDS = LEASE_TTL_SECONDS + 30;

export interface RecoverRequest {
  /** Goes on without the store, where that cannot be asked for the lease. */
  force: boolean;
  /** How long to wait for the restore to end, or for the lease of its process to run out; by default it fails at once. */
  waitSeconds?: number;
}

export interface RecoverResult extends Partial<Recovered> {
  status: 'recovered' | 'nothing-to-recover';
  runId: string | null;
  safetyBackupId: string | null;
  message: string;
  exitCode: number;
}

/**
 * Ends what a killed restore of this target has left. Works without the store where the process that made the restore is
 * known to be dead, or `force` says so.
 * @throws lease-held where it is still at work, database-*, deadline
 */
export async function recoverTarget(deps: BackupDeps, request: RecoverRequest): Promise<RecoverResult> {
  const { config, log, signal } = deps;
  const left = await Journal.find(config.stateFolder, config.target);
  if (!left) return nothing(config.target);
  const lease = await takeLease(left.record, deps, request);
  try {
    // Whoever was waited for may have ended it, or come further.
    const journal = await Journal.find(config.stateFolder, config.target);
    if (!journal) return nothing(config.target);
    const { record } = journal;
    const recovered = await recover(journal, {
      address: config.falkordb,
      timeouts: { busySeconds: config.busyTimeoutSeconds, saveSeconds: config.saveTimeoutSeconds },
      timeoutSeconds: config.timeoutSeconds,
      log,
      signal: lease ? AbortSignal.any([signal, lease.lost]) : signal,
    }).catch(async (error: unknown) => {
      if (!lease?.lost.aborted) await tell(record, { failure: toBackupError(error) }, deps);
      throw error;
    });
    const message = messageOf(recovered, record, deps);
    const verdict = verdictOf(record, recovered, message, deps);
    // First: telling takes its time, and nobody recovers it a second time.
    if (lease) await keep(verdict, deps);
    const end = { holds: recovered.holds, isSure: isSure(recovered), message };
    const undelivered = await tell(record, end, deps);
    if (lease && undelivered.length > 0) await keep({ ...verdict, undelivered }, deps);
    return {
      status: 'recovered',
      runId: record.runId,
      safetyBackupId: record.safetyBackupId,
      message,
      exitCode: isSure(recovered) ? EXIT_CODES.success : EXIT_CODES.integrity,
      ...recovered,
    };
  } finally {
    await lease
      ?.release()
      .catch((error: unknown) => log.warn({ err: error }, 'The lease could not be given back; it will expire'));
  }
}

/** Undefined where the store cannot be asked, and need not be. */
async function takeLease(
  record: JournalRecord,
  { store, config, now, log, signal }: BackupDeps,
  { force, waitSeconds = 0 }: RecoverRequest,
): Promise<Lease | undefined> {
  const request = { target: config.target, runId: record.runId, holder: ownIdentity(), isDead: isProcessDead, now };
  try {
    return await waitForLease(store, request, { waitSeconds, evenForSameRun: true, log, signal });
  } catch (error) {
    throwIfAborted(signal);
    if (hasCode(error, 'lease-held')) throw error;
    if (!force && !isProcessDead(record.process)) throw mayBeAlive(record, error);
    log.warn({ err: error }, 'The store cannot be asked for the lease; going on without it');
    return undefined;
  }
}

function mayBeAlive({ process, runId }: JournalRecord, cause: unknown): BackupError {
  return new BackupError(
    'lease-held',
    `The store cannot be asked whether restore ${runId} is still at work, and process ${process.pid} on ${process.host} may be.`,
    { hint: 'End that process first; where it is surely gone, add --force.', cause },
  );
}

function messageOf(recovered: Recovered, record: JournalRecord, { config }: BackupDeps): string {
  const back = record.safetyBackupId ? ` What it held before the restore is in ${record.safetyBackupId}.` : '';
  return `${describeRecovered(recovered, config.falkordb)}${recovered.holds === 'backup' ? back : ''}`;
}

/** @returns who could not be told */
async function tell(
  { runId, target, source, safetyBackupId }: JournalRecord,
  end: RecoveryEnd,
  deps: BackupDeps,
): Promise<Undelivered[]> {
  const teller = createTeller(deps);
  await teller.tell(restoreRecovered({ runId, target, source }, safetyBackupId, end, deps.now()));
  return teller.undelivered;
}

/** Of the run that was killed. */
function verdictOf(
  { runId, target }: JournalRecord,
  recovered: Recovered,
  message: string,
  { now }: BackupDeps,
): NewVerdict {
  const isDone = recovered.holds === 'backup' && isSure(recovered);
  const failure = {
    code: 'interrupted',
    message: `The agent ended in the middle. ${message}`,
    hint: null,
    retryable: false,
  };
  return {
    schemaVersion: 1,
    runId,
    target,
    verdict: isDone ? 'completed' : 'failed',
    endedAt: now().toISOString(),
    reason: null,
    failure: isDone ? null : failure,
  };
}

async function keep(verdict: NewVerdict, { store, log }: BackupDeps): Promise<void> {
  await recordVerdict(store, verdict).catch((error: unknown) => {
    log.warn({ err: error }, 'The verdict could not be recorded in the store');
  });
}

function nothing(target: string): RecoverResult {
  return {
    status: 'nothing-to-recover',
    runId: null,
    safetyBackupId: null,
    message: `No restore of ${target} was left unfinished by this agent.`,
    exitCode: EXIT_CODES.success,
  };
}
