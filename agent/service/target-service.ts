import type { ScheduledTier } from '../../core/model/tiers.ts';
import { Agenda, type Slot } from './agenda.ts';
import { catchUp, recoverRestore } from './start-up.ts';
import { TargetWorker, type WorkerDeps } from './target-worker.ts';
import { watchTarget } from './watch-target.ts';

const MINUTE_MS = 60_000;
const WATCH_EVERY_MS = 15 * MINUTE_MS;
/** However far the next slot is: a computer that slept, or a clock that was set, is noticed within a minute. */
const LONGEST_PAUSE_MS = MINUTE_MS;
/** Where it takes longer, the rest does not wait for it: it has the lease, or asks for it again. */
const RECOVERY_GOES_FIRST_MS = MINUTE_MS;
/** Clocks are corrected by less all the time. */
const SET_BACK_MS = MINUTE_MS;

/** The clock, the worker and the watchdog of one target. */
export class TargetService {
  readonly worker: TargetWorker;
  readonly #deps: WorkerDeps;
  readonly #since: Date;
  #agenda: Agenda;
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
    const { clock, closing } = this.#deps;
    const offer = this.worker.offer.bind(this.worker);
    const deps = { ...this.#deps, agenda: this.#agenda, since: this.#since, offer };
    const recovered = recoverRestore(deps);
    await Promise.race([recovered, clock.pause(RECOVERY_GOES_FIRST_MS, closing)]);
    const caughtUp = catchUp(deps);
    const ready = Promise.all([recovered, caughtUp]).then(() => {
      this.#isReady = !closing.aborted;
    });
    await Promise.all([ready, this.#tick(), this.#watch(caughtUp)]);
  }

  async #tick(): Promise<void> {
    const { clock, closing } = this.#deps;
    while (!closing.aborted) {
      const slots = this.#look(clock.now());
      if (slots.length > 0) void this.#offerLater(slots);
      const next = this.#agenda.nextOfAll()?.getTime() ?? Number.POSITIVE_INFINITY;
      await clock.pause(Math.min(LONGEST_PAUSE_MS, Math.max(0, next - clock.now().getTime())), closing);
    }
  }

  #look(now: Date): Slot[] {
    const { target, log } = this.#deps;
    if (now.getTime() < this.#lastLookAt.getTime() - SET_BACK_MS) {
      log.warn({ from: this.#lastLookAt.toISOString() }, 'The clock was set back: what is due goes by its new time');
      this.#agenda = new Agenda(target.config.service, now);
      this.worker.forget();
    }
    this.#lastLookAt = now;
    return this.#agenda.take(now);
  }

  /** Together, so that the larger one still goes first. */
  async #offerLater(slots: Slot[]): Promise<void> {
    const { target, clock, random, closing } = this.#deps;
    await clock.pause(random() * target.config.service.jitterSeconds * 1000, closing);
    if (!closing.aborted) for (const slot of slots) this.worker.offer(slot);
  }

  /** Only then: what is found missing at the first look is remembered otherwise afterwards. */
  async #watch(caughtUp: Promise<void>): Promise<void> {
    const { target, clock, log, closing } = this.#deps;
    await Promise.race([caughtUp, clock.pause(WATCH_EVERY_MS, closing)]);
    while (!closing.aborted) {
      await watchTarget(target, { clock, log, closing });
      await clock.pause(WATCH_EVERY_MS, closing);
    }
  }
}
