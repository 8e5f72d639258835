import { setTimeout } from 'node:timers/promises';

/** Time, as far as sending depends on it; tests have one that does not wait. */
export interface Clock {
  now(): Date;
  /** From any start; no change of the time of day moves it. */
  elapsedMs(): number;
  sleep(ms: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep: (ms) => setTimeout(ms),
};
