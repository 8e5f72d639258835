import type { ScheduledTier } from '../../core/model/tiers.ts';
import { Agenda } from './agenda.ts';
import { startUp, untilDone } from './start-up.ts';
import { TargetWorker, type WorkerDeps } from './target-worker.ts';
import { watchTarget } from './watch-target.ts';

const MINUTE_MS = 60_000;
const WATCH_EVERY_MS = 15 * MINUTE_MS;
/** However far the next slot is: a computer that slept, or a clock that was set, is noticed within a minute. */
const LONGEST_PAUSE_MS = MINUTE_MS;

/** The clock, the worker and the watchdog of one target. */
export class TargetService {
  readonly worker: TargetWorker;
  readonly #deps: WorkerDeps;
  readonly #agenda: Agenda;
  readonly #since: Date;
  #lastLookAt: Date;
  #isReady = false;

  constructor(deps: WorkerDeps) {
    const { target, clock } = deps;
    this.#deps = { ...deps, log: deps.log.child({ target: target.name }) };
    this.#since = clock.now();
    this.#lastLookAt = this.#since;
    this.#agenda = new Agenda(target.config.service, this.#since);
    this.worker = new TargetWorker(this.#deps);
  }

  get lastLookAt(): Date {
    return this.#lastLookAt;
  }

  /** False until what an earlier process has left is looked after. */
  get isReady(): boolean {
    return this.#isReady;
  }

  nextDue(job: ScheduledTier | 'prune'): Date | null {
    return this.#agenda.next(job);
  }

  /** Until the service is to stop. */
  async run(): Promise<void> {
    const tried = Promise.withResolvers<void>();
    await Promise.all([this.#startUp(() => tried.resolve()), this.#tick(tried.promise), this.#watch(tried.promise)]);
  }

  async #startUp(onTried: () => void): Promise<void> {
    const offer = this.worker.offer.bind(this.worker);
    const deps = { ...this.#deps, agenda: this.#agenda, since: this.#since, offer };
    await untilDone(startUp(deps), deps, onTried);
    this.#isReady = !this.#deps.closing.aborted;
  }

  async #tick(started: Promise<void>): Promise<void> {
    const { clock, closing } = this.#deps;
    await started;
    while (!closing.aborted) {
      const now = clock.now();
      this.#lastLookAt = now;
      for (const slot of this.#agenda.take(now)) this.worker.offer(slot);
      const next = this.#agenda.nextOfAll()?.getTime() ?? Number.POSITIVE_INFINITY;
      await clock.pause(Math.min(LONGEST_PAUSE_MS, Math.max(0, next - clock.now().getTime())), closing);
    }
  }

  async #watch(started: Promise<void>): Promise<void> {
    const { target, clock, log, closing } = this.#deps;
    await started;
    while (!closing.aborted) {
      await watchTarget(target, { now: () => clock.now(), log });
      await clock.pause(WATCH_EVERY_MS, closing);
    }
  }
}
