import { setTimeout } from 'node:timers/promises';

export interface CachedOptions {
  freshMs: number;
  /** How long a failure counts: shorter than what could be read. */
  failureMs?: number;
  elapsedMs?: () => number;
}

const FAILURE_MS = 3000;

/** Something that is read once for all who ask meanwhile, and again only when it is no longer fresh or was dropped. */
export class Cached<T> {
  readonly #read: () => Promise<T>;
  readonly #freshMs: number;
  readonly #failureMs: number;
  readonly #elapsedMs: () => number;
  #held: { value: Promise<T>; until: number } | undefined;

  constructor(
    read: () => Promise<T>,
    { freshMs, failureMs = FAILURE_MS, elapsedMs = () => performance.now() }: CachedOptions,
  ) {
    this.#read = read;
    this.#freshMs = freshMs;
    this.#failureMs = failureMs;
    this.#elapsedMs = elapsedMs;
  }

  get(): Promise<T> {
    if (this.#held && this.#elapsedMs() < this.#held.until) return this.#held.value;
    const held = { value: this.#read(), until: Number.POSITIVE_INFINITY };
    this.#held = held;
    const settled = (freshMs: number) => () => {
      held.until = this.#elapsedMs() + freshMs;
    };
    held.value.then(settled(this.#freshMs), settled(Math.min(this.#freshMs, this.#failureMs)));
    return held.value;
  }

  /** Whoever asks from now on gets what is read from now on, also where a read is under way. */
  drop(): void {
    this.#held = undefined;
  }
}

/** One work at a time for each name; whoever asks meanwhile gets the same answer. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>();

  get size(): number {
    return this.#flights.size;
  }

  has(name: string): boolean {
    return this.#flights.has(name);
  }

  run(name: string, work: () => Promise<T>): Promise<T> {
    const flight = this.#flights.get(name) ?? work().finally(() => this.#flights.delete(name));
    this.#flights.set(name, flight);
    return flight;
  }
}

/** What is waited for no longer goes on by itself; its failure is nobody's any more. */
export async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const ended = new AbortController();
  const limit = setTimeout(ms, undefined, { signal: ended.signal, ref: false }).then(
    () => Promise.reject(late()),
    // It was ended because the work has.
    () => work,
  );
  try {
    return await Promise.race([work, limit]);
  } finally {
    ended.abort();
  }
}
