import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import { describeError } from '../../core/model/event-texts.ts';
import { backupEvent } from '../../core/model/events.ts';
import type { Tier } from '../../core/model/tiers.ts';
import { type BackupDeps, type BackupResult, backup } from '../backup.ts';
import { proveBackup } from '../prove.ts';
import { pruneTargets } from '../prune.ts';
import { createTeller } from '../telling.ts';
import { tellOfDamage, verifyOne } from '../verify.ts';
import type { Activity, Ended } from './port.ts';

/** How a job has ended. */
export interface JobEnd extends Pick<Ended, 'outcome' | 'message' | 'hint'> {
  /** Whether the same may succeed a little later. */
  isWorthARetry: boolean;
}

export interface BackupJob {
  tier: Tier;
  scheduledFor: Date;
  runId: string;
  /** By a clock. */
  isScheduled: boolean;
}

/** What the service does. None of them throws: whoever asked for it has left. */
export interface Jobs {
  backup(job: BackupJob, deps: BackupDeps): Promise<JobEnd>;
  prune(runId: string, deps: BackupDeps): Promise<JobEnd>;
  verify(job: { backupId: string; load: boolean }, deps: BackupDeps): Promise<JobEnd>;
}

export const JOBS_OF_THE_AGENT: Jobs = {
  backup: (job, deps) => ending(deps, async () => backupEnd(await backup(job, deps))),

  prune: (runId, deps) =>
    ending(deps, async () => {
      const { target } = deps.config;
      const { pruned } = await pruneTargets([target], { apply: true }, { ...deps, runId });
      const removed = pruned.reduce((sum, { result }) => sum + (result?.removed.length ?? 0), 0);
      return done(`Removed ${removed} backups of ${target} that are no longer kept.`);
    }),

  verify: ({ backupId, load }, deps) =>
    ending(deps, async () => {
      const target = parseBackupId(backupId)?.target ?? deps.config.target;
      const verified = load
        ? await verifyOne({ ...deps, load: (...stored) => proveBackup(...stored, deps) }, target, backupId)
        : await verifyOne(deps, target, backupId);
      await tellOfDamage([verified], deps);
      if (verified.failure) return failedEnd(verified.failure);
      return done(`${backupId} is good: ${load ? 'FalkorDB loaded it' : 'every stored byte was checked'}.`);
    }),
};

async function ending({ log }: BackupDeps, body: () => Promise<JobEnd>): Promise<JobEnd> {
  try {
    return await body();
  } catch (error) {
    const failure = toBackupError(error);
    log.error({ err: error }, failure.message);
    return failedEnd(failure);
  }
}

function backupEnd(result: BackupResult): JobEnd {
  if (result.status === 'completed') return done(`${result.manifest.backupId} is complete.`);
  const why = result.reason === 'unchanged' ? 'nothing was written since' : 'covered by';
  return { ...done(`${result.backupId} was not needed: ${why} ${result.by}.`), outcome: 'skipped' };
}

function done(message: string): JobEnd {
  return { outcome: 'completed', message, hint: null, isWorthARetry: false };
}

function failedEnd({ message, hint, retryable, code }: BackupError): JobEnd {
  // What was told to stop is made up for at the next start.
  return { outcome: 'failed', message, hint: hint ?? null, isWorthARetry: retryable && code !== 'interrupted' };
}

/** Tells of a run that hangs, as it cannot do so itself. */
export async function neverEnded(
  { kind, target, runId, backupId, tier }: Omit<Activity, 'progress'>,
  deps: Pick<BackupDeps, 'config' | 'sinks' | 'log' | 'now'>,
): Promise<JobEnd> {
  const failure = new BackupError(
    'deadline',
    `The ${kind} of ${target} (run ${runId}) hangs: it did not even end when its time was up.`,
    {
      hint: 'See whether the disk or the network share of the store, or of BACKUP_SCRATCH_DIR, still answers; then start the service again.',
    },
  );
  deps.log.error({ err: failure }, failure.message);
  const type = kind === 'backup' ? 'Backup Failed' : kind === 'prune' ? 'Prune Failed' : undefined;
  const known = { at: deps.now().toISOString(), target, tier, runId, backupId, message: failure.message };
  if (type) await createTeller(deps).tell(backupEvent(type, runId, { ...known, ...describeError(failure) }));
  return failedEnd(failure);
}
