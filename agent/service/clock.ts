import { setTimeout } from 'node:timers/promises';

/** What the service goes by; a test lives through weeks by another one. */
export interface Clock {
  now(): Date;
  /** Until the time is over, or the signal aborted: it never throws. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  pause: async (ms, signal) => {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
};
