const MAX_KEYS = 10_000;

export interface RateLimitOptions {
  max: number;
  windowMs: number;
  elapsedMs?: () => number;
  maxKeys?: number;
}

/** Counts by key, in windows that begin with the first one. */
export class RateLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #elapsedMs: () => number;
  readonly #maxKeys: number;
  /** In the order in which they end. */
  readonly #windows = new Map<string, { count: number; endsMs: number }>();

  constructor({ max, windowMs, elapsedMs = () => performance.now(), maxKeys = MAX_KEYS }: RateLimitOptions) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#elapsedMs = elapsedMs;
    this.#maxKeys = maxKeys;
  }

  /** Whole seconds until there may be another one; 0 where there may be now. */
  waitSeconds(key: string): number {
    const { count, endsMs } = this.#windows.get(key) ?? { count: 0, endsMs: 0 };
    const leftMs = endsMs - this.#elapsedMs();
    return count < this.#max || leftMs <= 0 ? 0 : Math.ceil(leftMs / 1000);
  }

  count(key: string): void {
    const nowMs = this.#elapsedMs();
    const window = this.#windows.get(key);
    if (window && window.endsMs > nowMs) {
      window.count += 1;
      return;
    }
    this.#windows.delete(key);
    for (const [oldest, { endsMs }] of this.#windows) {
      if (endsMs > nowMs && this.#windows.size < this.#maxKeys) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(key, { count: 1, endsMs: nowMs + this.#windowMs });
  }
}
