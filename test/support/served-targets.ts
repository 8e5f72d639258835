import { pino } from 'pino';
import { backup } from '../../agent/backup.ts';
import type { Config } from '../../agent/config.ts';
import { proveBackup } from '../../agent/prove.ts';
import type { Activity, Change, Ended, ServedTarget, Service } from '../../agent/service/port.ts';
import { verifyOne } from '../../agent/verify.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { newRunId } from '../../core/model/run-id.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { configOf, TARGET } from './backups.ts';
import type { LiveServer } from './live-server.ts';

export function servedTarget(
  { address }: Pick<LiveServer, 'address'>,
  store: ObjectStore,
  config: Partial<Config> = {},
): ServedTarget {
  const whole = { ...configOf(address, store), ...config };
  return { name: whole.target ?? TARGET, config: whole, store, sinks: [] };
}

/** A service without a clock: what it is told to do it does with the real verbs. */
export class ServedTargets implements Service {
  readonly targets: readonly ServedTarget[];
  readonly startedAt = new Date();
  /** What the tests set. */
  ready = true;
  lookedAt = new Date();
  nextDueAt: Date | null = new Date('2031-01-01T00:00:00Z');
  readonly #activities = new Map<string, Activity>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #log: pino.Logger;
  readonly #work: Promise<void>[] = [];

  constructor(targets: ServedTarget[], log = pino({ level: 'silent' })) {
    this.targets = targets;
    this.#log = log;
  }

  activities(): Activity[] {
    return [...this.#activities.values()];
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  nextDue(target: string, job: 'prune' | keyof Config['service']['schedules']): Date | null {
    return this.#served(target).config.service.schedules[job] === null ? null : this.nextDueAt;
  }

  lastLookAt(): Date {
    return this.lookedAt;
  }

  isReady(): boolean {
    return this.ready;
  }

  backUpNow(target: string): { runId: string; backupId: string } {
    const served = this.#served(target);
    this.#assertFree(target);
    const [now, tier] = [new Date(), 'manual' as const];
    const runId = newRunId(now);
    const backupId = formatBackupId({ target, tier, scheduledFor: now });
    const activity: Activity = { kind: 'backup', target, runId, backupId, tier, startedAt: now, progress: null };
    this.#work.push(
      this.#doing(activity, async (onProgress) => {
        const result = await backup({ tier, scheduledFor: now, runId }, { ...this.#depsOf(served, runId), onProgress });
        return result.status;
      }),
    );
    return { runId, backupId };
  }

  verify(target: string, backupId: string, { load }: { load: boolean }): { runId: string } {
    const served = this.#served(target);
    this.#assertFree(target);
    const [now, runId] = [new Date(), newRunId(new Date())];
    const activity: Activity = { kind: 'verify', target, runId, backupId, tier: null, startedAt: now, progress: null };
    this.#work.push(
      this.#doing(activity, async (onProgress) => {
        const deps = { ...this.#depsOf(served, runId), onProgress };
        const loading = load ? { load: (...of: [Manifest, BackupIdParts]) => proveBackup(...of, deps) } : {};
        const { failure } = await verifyOne({ ...deps, ...loading }, target, backupId);
        if (failure) throw failure;
        return 'completed';
      }),
    );
    return { runId };
  }

  /** As the real one tells of what it does. */
  tell(change: Change): void {
    if (change.type === 'activity') this.#activities.set(change.activity.runId, change.activity);
    else this.#activities.delete(change.ended.runId);
    for (const listener of this.#listeners) listener(change);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** When all that it was told to do has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #doing(
    activity: Activity,
    work: (onProgress: (progress: NonNullable<Activity['progress']>) => void) => Promise<Ended['outcome']>,
  ): Promise<void> {
    const { kind, target, runId, backupId } = activity;
    this.tell({ type: 'activity', activity });
    try {
      const outcome = await work((progress) => this.tell({ type: 'activity', activity: { ...activity, progress } }));
      const message = `${backupId}: ${kind} ${outcome}`;
      this.tell({ type: 'ended', ended: { kind, target, runId, backupId, outcome, message, hint: null } });
    } catch (error) {
      const { message, hint = null } = toBackupError(error);
      this.tell({ type: 'ended', ended: { kind, target, runId, backupId, outcome: 'failed', message, hint } });
    }
  }

  #depsOf({ name, config, store, sinks }: ServedTarget, runId: string) {
    const log = this.#log.child({ target: name, runId });
    return { config, store, sinks, log, now: () => new Date(), signal: new AbortController().signal };
  }

  #served(target: string): ServedTarget {
    const served = this.targets.find(({ name }) => name === target);
    if (served) return served;
    throw new Error(`${target} is not served`);
  }

  #assertFree(target: string): void {
    const busy = this.activities().find((activity) => activity.target === target);
    if (!busy) return;
    throw new BackupError('lease-held', `Run ${busy.runId} is at work on ${target}.`, { hint: 'Wait for it to end.' });
  }
}
