import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../agent/service/clock.ts';

/** So many turns of the event loop let everything that is not waiting for this clock come to rest. */
const TURNS = 8;
/** Where nobody sleeps yet: a service that starts also asks the real disk. */
const MOST_TURNS = 10_000;

interface Sleeper {
  until: number;
  wake: () => void;
}

/** A clock by which weeks pass in a second: time goes on when everybody sleeps. */
export class SimulatedClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#sleepers.delete(sleeper);
      resolve();
    };
    const sleeper = { until: this.#now + ms, wake };
    this.#sleepers.add(sleeper);
    if (signal.aborted) wake();
    else signal.addEventListener('abort', wake, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', wake));
  }

  /** Whoever sleeps goes on sleeping for as long as before: timers do not go by the clock. */
  set(time: string): void {
    const byMs = Date.parse(time) - this.#now;
    this.#now += byMs;
    for (const sleeper of this.#sleepers) sleeper.until += byMs;
  }

  async until(end: string): Promise<void> {
    const endMs = Date.parse(end);
    while (await this.next(endMs));
    this.#now = endMs;
  }

  /** On to the next moment at which somebody wakes. @returns whether there is one by then */
  async next(endMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let turn = 0; turn < TURNS || (this.#sleepers.size === 0 && turn < MOST_TURNS); turn++) await setImmediate();
    const next = [...this.#sleepers].reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY);
    if (next > endMs || next === Number.POSITIVE_INFINITY) return false;
    this.#now = Math.max(this.#now, next);
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#now) sleeper.wake();
    return true;
  }
}
