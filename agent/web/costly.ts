import { BackupError } from '../../core/model/errors.ts';
import { SingleFlight, within } from './cached.ts';
import { RateLimit } from './rate-limit.ts';
import { tooMany } from './refusal.ts';

const MAX_AT_ONCE = 4;
const MAX_A_MINUTE = 30;
const MAX_WAIT_MS = 60_000;

/** Answers that cost a database or a store much: each is made once for all who ask for it, and only so many of them. */
export class Costly<T> {
  readonly #flights = new SingleFlight<T>();
  readonly #limit = new RateLimit({ max: MAX_A_MINUTE, windowMs: 60_000 });
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  /**
   * @param work ends, if it can, when its signal is aborted: nobody waits any more
   * @throws Refusal 429; deadline; as `work`
   */
  answer(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (!this.#flights.has(name)) {
      if (this.#flights.size >= MAX_AT_ONCE) throw tooMany(`${MAX_AT_ONCE} others of this kind are being made.`, 5);
      const waitSeconds = this.#limit.waitSeconds('');
      if (waitSeconds > 0) throw tooMany(`${MAX_A_MINUTE} of this kind were made within a minute.`, waitSeconds);
      this.#limit.count('');
    }
    return within(
      this.#flights.run(name, () => work(AbortSignal.timeout(MAX_WAIT_MS))),
      MAX_WAIT_MS,
      () => this.#tooLong(),
    );
  }

  #tooLong(): BackupError {
    return new BackupError('deadline', `${this.#what} took longer than ${MAX_WAIT_MS / 1000} s.`, {
      hint: 'The command line has no such limit: use it instead.',
      retryable: true,
    });
  }
}
