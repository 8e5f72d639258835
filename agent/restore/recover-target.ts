import { Lease } from '../../core/catalog/lease.ts';
import { recordVerdict } from '../../core/catalog/runs.ts';
import { BackupError, EXIT_CODES, hasCode } from '../../core/model/errors.ts';
import type { BackupDeps } from '../backup.ts';
import { isProcessDead, ownIdentity } from '../process-identity.ts';
import { Journal, type JournalRecord } from './journal.ts';
import { recover } from './recover.ts';
import { describeRecovered, isSure, type Recovered } from './recovered.ts';

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
export async function recoverTarget(deps: BackupDeps, { force }: { force: boolean }): Promise<RecoverResult> {
  const { config, log, signal } = deps;
  const journal = await Journal.find(config.stateFolder, config.target);
  if (!journal) return nothing(config.target);
  const { record } = journal;
  const lease = await takeLease(record, deps, force);
  try {
    const recovered = await recover(journal, {
      address: config.falkordb,
      timeouts: { busySeconds: config.busyTimeoutSeconds, saveSeconds: config.saveTimeoutSeconds },
      timeoutSeconds: config.timeoutSeconds,
      log,
      signal: lease ? AbortSignal.any([signal, lease.lost]) : signal,
    });
    const message = messageOf(recovered, record, deps);
    if (lease) await conclude(record, recovered, message, deps);
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
async function takeLease(record: JournalRecord, deps: BackupDeps, force: boolean): Promise<Lease | undefined> {
  const { store, config, now, log } = deps;
  try {
    const holder = ownIdentity();
    return await Lease.acquire(store, {
      target: config.target,
      runId: record.runId,
      holder,
      isDead: isProcessDead,
      now,
    });
  } catch (error) {
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

/** The run that was killed gets its verdict. */
async function conclude(
  { runId, target }: JournalRecord,
  recovered: Recovered,
  message: string,
  { store, now, log }: BackupDeps,
): Promise<void> {
  const isDone = recovered.holds === 'backup' && isSure(recovered);
  const failure = {
    code: 'interrupted',
    message: `The agent ended in the middle. ${message}`,
    hint: null,
    retryable: false,
  };
  const verdict = {
    schemaVersion: 1 as const,
    runId,
    target,
    verdict: isDone ? ('completed' as const) : ('failed' as const),
    endedAt: now().toISOString(),
    reason: null,
    failure: isDone ? null : failure,
    steps: [],
  };
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
