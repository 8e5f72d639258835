import { BackupError } from '../../core/model/errors.ts';
import type { PartState } from './api.ts';
import { within } from './cached.ts';
import { down, up } from './part-state.ts';

/** Of a large store the first look may take so long. */
const MAX_WAIT_MS = 20_000;
const AGAIN_WAIT_MS = 2000;

/** How a store was found by whatever was read from it. */
export class StoreLook {
  readonly #url: string;
  readonly #now: () => Date;
  #state: PartState;
  /** By a clock that nobody sets. */
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(url: string, now: () => Date) {
    this.#url = url;
    this.#now = now;
    // Before the first look there is nothing to doubt it by.
    this.#state = up(new Date(0));
  }

  get state(): PartState {
    return this.#state;
  }

  isUpSince(ms: number): boolean {
    return this.#state.state === 'up' && performance.now() - this.#checkedMs < ms;
  }

  /** @throws as `read` */
  async noting<T>(read: () => Promise<T>): Promise<T> {
    try {
      const value = await read();
      this.#state = up(this.#now());
      this.#checkedMs = performance.now();
      return value;
    } catch (error) {
      if (error instanceof BackupError) this.#state = down(error, this.#now());
      throw error;
    }
  }

  /**
   * Of a store that was away a moment ago nobody waits long to hear that it still is.
   * @throws store-unavailable where it takes too long; as `read`
   */
  async inTime<T>(read: Promise<T>, maxWaitMs = MAX_WAIT_MS): Promise<T> {
    const waitMs = this.#state.state === 'down' ? Math.min(maxWaitMs, AGAIN_WAIT_MS) : maxWaitMs;
    return within(read, waitMs, () => {
      const error = slow(this.#url, waitMs);
      if (this.#state.state === 'up') this.#state = down(error, this.#now());
      return error;
    });
  }
}

function slow(url: string, waitMs: number): BackupError {
  return new BackupError('store-unavailable', `${url} has not told all within ${waitMs / 1000} s.`, {
    hint: 'It is still being read: ask again. Where that does not help, see whether the store answers at all.',
    retryable: true,
  });
}
