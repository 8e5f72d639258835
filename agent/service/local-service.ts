import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { BackupError } from '../../core/model/errors.ts';
import type { ScheduledTier } from '../../core/model/tiers.ts';
import { Bulletin } from './bulletin.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { JOBS_OF_THE_AGENT, type Jobs } from './jobs.ts';
import type { Activity, Change, ServedTarget, Service } from './port.ts';
import { TargetService } from './target-service.ts';

/** Each may hold some hundred megabytes. */
const PARALLEL_TARGETS = 4;
/** For what was told to end: to undo what it has begun, to record its verdict, and to tell of it. */
const END_WITHIN_MS = 20_000;

export interface LocalServiceOptions {
  stopTimeoutSeconds: number;
  log: Logger;
  clock?: Clock;
  jobs?: Jobs;
  /** From 0 to 1. */
  random?: () => number;
}

/** Looks after FalkorDBs by a clock of its own, until it is told to stop. */
export class LocalService implements Service {
  readonly targets: readonly ServedTarget[];
  readonly startedAt: Date;
  readonly #served: Map<string, TargetService>;
  readonly #bulletin: Bulletin;
  readonly #closing = new AbortController();
  readonly #ending = new AbortController();
  readonly #options: LocalServiceOptions;
  readonly #clock: Clock;

  constructor(targets: readonly ServedTarget[], options: LocalServiceOptions) {
    const { clock = SYSTEM_CLOCK, jobs = JOBS_OF_THE_AGENT, random = Math.random, log } = options;
    this.targets = targets;
    this.#options = options;
    this.#clock = clock;
    this.startedAt = clock.now();
    this.#bulletin = new Bulletin(log);
    const shared = {
      ...{ jobs, clock, log, random, bulletin: this.#bulletin, limit: pLimit(PARALLEL_TARGETS) },
      closing: this.#closing.signal,
      ending: this.#ending.signal,
    };
    this.#served = new Map(targets.map((target) => [target.name, new TargetService({ ...shared, target })]));
  }

  /** @returns when it was told to stop, and what was at work has ended or was ended, within a bound */
  async run(stop: AbortSignal): Promise<void> {
    const { log, stopTimeoutSeconds } = this.#options;
    const told = Promise.withResolvers<void>();
    stop.addEventListener('abort', () => told.resolve(), { once: true });
    if (stop.aborted) told.resolve();
    const running = Promise.all([...this.#served.values()].map((served) => served.run()));
    // Ends only so, or by a fault of ours.
    await Promise.race([told.promise, running]).finally(() => this.#closing.abort());
    const atWork = () => this.activities().map(({ target, kind, runId }) => ({ target, kind, runId }));
    log.info({ atWork: atWork() }, 'Stopping: nothing new is begun');
    const ended = running.then(() => Promise.all([...this.#served.values()].map(({ worker }) => worker.idle())));
    if (await this.#within(stopTimeoutSeconds * 1000, ended)) return;
    this.#ending.abort(stopped(stopTimeoutSeconds));
    if (await this.#within(END_WITHIN_MS, ended)) return;
    log.error({ atWork: atWork() }, 'Something did not end when it was told to');
  }

  activities(): Activity[] {
    return [...this.#served.values()].flatMap(({ worker }) => worker.activity ?? []);
  }

  subscribe(listener: (change: Change) => void): () => void {
    return this.#bulletin.subscribe(listener);
  }

  nextDue(target: string, job: ScheduledTier | 'prune'): Date | null {
    return this.#find(target).nextDue(job);
  }

  lastLookAt(): Date {
    const times = [...this.#served.values()].map(({ lastLookAt }) => lastLookAt.getTime());
    return new Date(Math.min(...times));
  }

  isReady(): boolean {
    return [...this.#served.values()].every(({ isReady }) => isReady);
  }

  backUpNow(target: string): { runId: string; backupId: string } {
    return this.#find(target).worker.backUpNow();
  }

  verify(target: string, backupId: string, how: { load: boolean }): { runId: string } {
    return this.#find(target).worker.verify(backupId, how);
  }

  /** False where the time is up before. @throws what `work` throws */
  async #within(ms: number, work: Promise<unknown>): Promise<boolean> {
    const done = new AbortController();
    await Promise.race([work.finally(() => done.abort()), this.#clock.pause(ms, done.signal)]);
    return done.signal.aborted;
  }

  #find(target: string): TargetService {
    const served = this.#served.get(target);
    if (served) return served;
    throw new BackupError('invalid-argument', `The service looks after no target "${target}".`, {
      hint: `It looks after ${[...this.#served.keys()].join(', ')}.`,
    });
  }
}

function stopped(seconds: number): BackupError {
  return new BackupError('interrupted', `The service was stopped, and this did not end within ${seconds} s.`, {
    hint: 'A scheduled run is made up for when the service starts again. BACKUP_STOP_TIMEOUT_SECONDS says how long it waits.',
    retryable: true,
  });
}
