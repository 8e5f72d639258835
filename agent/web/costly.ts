import { BackupError } from '../../core/model/errors.ts';
import { BoundedMap } from './bounded-map.ts';
import { SingleFlight, within } from './cached.ts';
import { RateLimit } from './rate-limit.ts';
import { tooMany } from './refusal.ts';

const MAX_WAIT_MS = 60_000;
const MAX_HELD = 20;

export interface CostlyOptions {
  maxAtOnce?: number;
  maxAMinute?: number;
  /** How long one that was made is given to others who ask for it. */
  freshMs?: number;
  elapsedMs?: () => number;
}

/** Answers that cost a database or a store much: each is made once for all who ask for it, and only so many of them. */
export class Costly<T> {
  readonly #flights = new SingleFlight<T>();
  readonly #held = new BoundedMap<{ value: T; untilMs: number }>(MAX_HELD);
  readonly #limit: RateLimit;
  readonly #what: string;
  readonly #bounds: Required<CostlyOptions>;

  constructor(
    what: string,
    { maxAtOnce = 4, maxAMinute = 30, freshMs = 0, elapsedMs = () => performance.now() }: CostlyOptions = {},
  ) {
    this.#what = what;
    this.#bounds = { maxAtOnce, maxAMinute, freshMs, elapsedMs };
    this.#limit = new RateLimit({ max: maxAMinute, windowMs: 60_000, elapsedMs });
  }

  /**
   * @param work ends, if it can, when its signal is aborted: nobody waits any more
   * @throws Refusal 429; deadline; as `work`
   */
  async answer(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { maxAtOnce, maxAMinute, elapsedMs } = this.#bounds;
    const held = this.#held.get(name);
    if (held && elapsedMs() < held.untilMs) return held.value;
    if (!this.#flights.has(name)) {
      if (this.#flights.size >= maxAtOnce) throw tooMany(`${maxAtOnce} others of this kind are being made.`, 5);
      const waitSeconds = this.#limit.waitSeconds('');
      if (waitSeconds > 0) throw tooMany(`${maxAMinute} of this kind were made within a minute.`, waitSeconds);
      this.#limit.count('');
    }
    return within(
      this.#flights.run(name, () => this.#make(name, work)),
      MAX_WAIT_MS,
      () => this.#tooLong(),
    );
  }

  async #make(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const value = await work(AbortSignal.timeout(MAX_WAIT_MS));
    const { freshMs, elapsedMs } = this.#bounds;
    if (freshMs > 0) this.#held.set(name, { value, untilMs: elapsedMs() + freshMs });
    return value;
  }

  #tooLong(): BackupError {
    return new BackupError('deadline', `${this.#what} took longer than ${MAX_WAIT_MS / 1000} s.`, {
      hint: 'The command line has no such limit: use it instead.',
      retryable: true,
    });
  }
}
