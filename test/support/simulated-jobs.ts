import type { BackupDeps } from '../../agent/backup.ts';
import { findCovering } from '../../agent/covered.ts';
import type { Clock } from '../../agent/service/clock.ts';
import { type BackupJob, JOBS_OF_THE_AGENT, type JobEnd, type Jobs } from '../../agent/service/jobs.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../core/catalog/runs.ts';
import { formatBackupId } from '../../core/model/backup-id.ts';
import { exampleManifest } from './example-manifest.ts';
import { storeBackup } from './stored-backups.ts';

const BACKUP_MS = 3 * 60_000;
const DONE: JobEnd = { outcome: 'completed', message: '', hint: null, isWorthARetry: false };

/**
 * Backups that take their time by a clock, and write what real ones write; a real prune. They remember how each has ended.
 */
export class SimulatedJobs implements Jobs {
  /** `<outcome> <id>`, in the order of their ends; `failed` is what `fail` says, once for each that it is said of. */
  readonly ended: string[] = [];
  /** Those that it is true of never end. */
  hang: (job: BackupJob) => boolean = () => false;
  readonly #clock: Clock;
  readonly #fail: (job: BackupJob) => boolean;

  constructor(clock: Clock, fail: (job: BackupJob) => boolean = () => false) {
    this.#clock = clock;
    this.#fail = fail;
  }

  async backup(job: BackupJob, { store, config, signal }: BackupDeps): Promise<JobEnd> {
    const { tier, scheduledFor, runId } = job;
    if (this.hang(job)) return new Promise(() => {});
    const parts = { target: config.target, tier, scheduledFor };
    const backupId = formatBackupId(parts);
    const record = { schemaVersion: 1 as const, runId, target: config.target };
    const startedAt = this.#clock.now().toISOString();
    await recordRequested(store, { ...record, verb: 'backup', backupId, requestedAt: startedAt });
    await recordStarted(store, { ...record, startedAt, host: 'simulated', pid: 1, toolVersion: '0' });
    const isCovered = job.isScheduled && (await findCovering(store, parts)) !== undefined;
    await this.#clock.pause(BACKUP_MS, signal);
    const verdict = this.#fail(job) || signal.aborted ? 'failed' : isCovered ? 'skipped' : 'completed';
    const endedAt = this.#clock.now().toISOString();
    if (verdict === 'completed' && !(await findManifest(store, parts))) {
      const rdb = { ...exampleManifest().rdb, createdAt: startedAt };
      const facts = { runId, startedAt, completedAt: endedAt, rdb };
      await storeBackup(store, config.target, tier, scheduledFor, facts, { withRecords: false });
    }
    const code = signal.aborted ? 'interrupted' : 'database-unreachable';
    const failure = verdict === 'failed' ? { code, message: 'simulated', hint: null, retryable: true } : null;
    await recordVerdict(store, {
      ...record,
      verdict,
      endedAt,
      reason: verdict === 'skipped' ? 'covered' : null,
      failure,
    });
    this.ended.push(`${verdict} ${backupId}`);
    return { ...DONE, outcome: verdict, isWorthARetry: verdict === 'failed' && !signal.aborted };
  }

  async prune(runId: string, deps: BackupDeps): Promise<JobEnd> {
    const end = await JOBS_OF_THE_AGENT.prune(runId, deps);
    this.ended.push(`${end.outcome} ${runId}`);
    return end;
  }

  verify(): Promise<JobEnd> {
    return Promise.resolve(DONE);
  }
}
