import type { LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import { formatBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import { newRunId } from '../../core/model/run-id.ts';
import type { BackupDeps } from '../backup.ts';
import { boundLog } from '../logging/bound-log.ts';
import { JOBS, type Job, type Slot } from './agenda.ts';
import type { Bulletin } from './bulletin.ts';
import type { Clock } from './clock.ts';
import { type JobEnd, type Jobs, neverEnded } from './jobs.ts';
import type { Activity, ServedTarget } from './port.ts';
import { runIdOfSlot } from './slot-run.ts';

const MINUTE_MS = 60_000;
/** What failed for a reason that may pass is tried again so long after each failure. */
const RETRY_AFTER_MS = [5 * MINUTE_MS, 15 * MINUTE_MS];
/** A run ends by itself when its time is up, but where its store is a disk that hangs: then nobody waits any longer. */
const GIVE_UP_AFTER_MS = 15 * MINUTE_MS;

export interface WorkerDeps {
  target: ServedTarget;
  jobs: Jobs;
  clock: Clock;
  log: Logger;
  bulletin: Bulletin;
  /** How many targets may be worked on at once. */
  limit: LimitFunction;
  /** From 0 to 1. */
  random: () => number;
  /** Aborted when nothing new is to be begun. */
  closing: AbortSignal;
  /** Aborted when what is at work is to end. */
  ending: AbortSignal;
}

interface Task extends Pick<Activity, 'kind' | 'runId' | 'backupId' | 'tier'> {
  work: (deps: BackupDeps) => Promise<JobEnd>;
}

/** A slot that has not begun. */
interface Waiting {
  slot: Slot;
  /** How often it was tried before. */
  failures: number;
}

/** Does what is to be done for one target, one thing at a time. */
export class TargetWorker {
  readonly #deps: WorkerDeps;
  /** Of each job only the newest. */
  readonly #waiting = new Map<Job, Waiting>();
  readonly #newest = new Map<Job, Date>();
  /** When the last backup was made that no clock asked for. */
  #lastByHand: Date | undefined;
  #activity: Activity | null = null;
  #work: Promise<void> | undefined;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  get activity(): Activity | null {
    return this.#activity;
  }

  /** Does it as soon as nothing else is at work; one that is not newer than what was offered before is left out. */
  offer(slot: Slot): void {
    const { job, dueAt } = slot;
    const newest = this.#newest.get(job);
    if (newest && dueAt <= newest) return;
    this.#newest.set(job, dueAt);
    this.#enqueue({ slot, failures: 0 });
  }

  /** For a clock that was set back: what was offered by its wrong time stands in the way of nothing. */
  forget(): void {
    this.#newest.clear();
  }

  /** @throws lease-held where something is at work */
  backUpNow(): { runId: string; backupId: string } {
    const { target, clock, jobs } = this.#deps;
    const scheduledFor = afterLast(clock.now(), this.#lastByHand);
    const [runId, tier] = [newRunId(scheduledFor), 'manual' as const];
    const backupId = formatBackupId({ target: target.name, tier, scheduledFor });
    const job = { tier, scheduledFor, runId, isScheduled: false };
    this.#begin({ kind: 'backup', runId, backupId, tier, work: (deps) => jobs.backup(job, deps) });
    this.#lastByHand = scheduledFor;
    return { runId, backupId };
  }

  /** @throws lease-held where something is at work */
  verify(backupId: string, { load }: { load: boolean }): { runId: string } {
    const { clock, jobs } = this.#deps;
    const runId = newRunId(clock.now());
    const work = (deps: BackupDeps) => jobs.verify({ backupId, load }, deps);
    this.#begin({ kind: 'verify', runId, backupId, tier: null, work });
    return { runId };
  }

  /** Until nothing is at work. */
  async idle(): Promise<void> {
    while (this.#work) await this.#work;
  }

  #begin(task: Task): void {
    const { target, closing } = this.#deps;
    if (this.#work || closing.aborted) throw atWork(target.name, this.#activity);
    this.#start(async () => void (await this.#run(task)));
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.set(waiting.slot.job, waiting);
    if (!this.#work) this.#start(() => this.#drain());
  }

  #start(work: () => Promise<void>): void {
    this.#work = work().finally(() => {
      this.#work = undefined;
      if (this.#waiting.size > 0 && !this.#deps.closing.aborted) this.#start(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    for (let waiting = this.#take(); waiting; waiting = this.#take()) {
      const { slot, failures } = waiting;
      const end = await this.#run(this.#taskOf(slot));
      const retryAfterMs = end?.isWorthARetry ? RETRY_AFTER_MS[failures] : undefined;
      if (retryAfterMs !== undefined) void this.#retry({ slot, failures: failures + 1 }, retryAfterMs);
    }
  }

  #take(): Waiting | undefined {
    if (this.#deps.closing.aborted) return undefined;
    const job = JOBS.find((candidate) => this.#waiting.has(candidate));
    const waiting = job && this.#waiting.get(job);
    if (job) this.#waiting.delete(job);
    return waiting;
  }

  /** Unless a newer one of the same job has come due by then, which makes it needless. */
  async #retry(waiting: Waiting, afterMs: number): Promise<void> {
    const { clock, closing } = this.#deps;
    await clock.pause(afterMs, closing);
    const { job, dueAt } = waiting.slot;
    if (!closing.aborted && this.#newest.get(job) === dueAt) this.#enqueue(waiting);
  }

  #taskOf(slot: Slot): Task {
    const { target, jobs } = this.#deps;
    const { job, dueAt: scheduledFor } = slot;
    const runId = runIdOfSlot(slot);
    if (job === 'prune')
      return { kind: job, runId, backupId: null, tier: null, work: (deps) => jobs.prune(runId, deps) };
    const backupId = formatBackupId({ target: target.name, tier: job, scheduledFor });
    const work = (deps: BackupDeps) => jobs.backup({ tier: job, scheduledFor, runId, isScheduled: true }, deps);
    return { kind: 'backup', runId, backupId, tier: job, work };
  }

  /** Undefined where the service was stopped before it could begin. */
  #run({ work, ...about }: Task): Promise<JobEnd | undefined> {
    const { target, clock, log, bulletin, limit, closing, ending } = this.#deps;
    return limit(async () => {
      // Others were waited for.
      if (closing.aborted) return undefined;
      const { config, store, sinks, name } = target;
      const known = { ...about, target: name, startedAt: clock.now() };
      let isOver = false;
      const show = (progress: Activity['progress']) => {
        if (isOver) return;
        this.#activity = { ...known, progress };
        bulletin.publish({ type: 'activity', activity: this.#activity });
      };
      show(null);
      const { runId, backupId, kind } = about;
      const deps = {
        ...{ config, store, sinks, onProgress: show, signal: ending },
        now: () => clock.now(),
        log: boundLog(log, { target: name, runId, ...(backupId ? { backupId } : {}) }),
      };
      const end = await this.#inTime(work(deps), known, deps);
      isOver = true;
      this.#activity = null;
      const { outcome, message, hint } = end;
      bulletin.publish({ type: 'ended', ended: { kind, target: name, runId, backupId, outcome, message, hint } });
      return end;
    });
  }

  async #inTime(work: Promise<JobEnd>, about: Omit<Activity, 'progress'>, deps: BackupDeps): Promise<JobEnd> {
    const { clock } = this.#deps;
    const done = new AbortController();
    const boundMs = deps.config.timeoutSeconds * 1000 + GIVE_UP_AFTER_MS;
    const late = clock.pause(boundMs, done.signal).then(() => undefined);
    const end = await Promise.race([work.finally(() => done.abort()), late]);
    return end ?? neverEnded(about, deps);
  }
}

function atWork(target: string, activity: Activity | null): BackupError {
  const what = activity ? `${activity.kind} ${activity.runId}` : 'what waits for other targets';
  return new BackupError('lease-held', `The service is at work on ${target} already: ${what}.`, {
    hint: 'Try again when that has ended.',
    retryable: true,
  });
}

/** Whole seconds make the id: in the one of the last, another would be taken for it. */
function afterLast(now: Date, last: Date | undefined): Date {
  const seconds = last ? secondsOf(last) - secondsOf(now) : Number.NEGATIVE_INFINITY;
  return last && (seconds === 0 || seconds === 1) ? new Date(last.getTime() + 1000) : now;
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
