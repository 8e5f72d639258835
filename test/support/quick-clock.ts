import type { Clock } from '../../core/alerts/webhook/clock.ts';

/** Time as it passes, but sleep is skipped: it takes no time here, and all of it by this clock. */
export interface QuickClock extends Clock {
  /** Milliseconds, each. */
  slept: number[];
}

export function quickClock(): QuickClock {
  const slept: number[] = [];
  const skippedMs = () => slept.reduce((sum, ms) => sum + ms, 0);
  return {
    slept,
    now: () => new Date(Date.now() + skippedMs()),
    elapsedMs: () => performance.now() + skippedMs(),
    sleep: async (ms) => void slept.push(ms),
  };
}
