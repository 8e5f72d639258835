import { vi } from 'vitest';

/** For a machine that is busy with other tests: no test promises how fast a thing is. */
const BOUND_MS = 30_000;
const INTERVAL_MS = 5;

/**
 * Asks again until it does not throw.
 * @param interval in milliseconds, for what may not be asked so often
 * @returns what it gives then @throws what it threw last, after half a minute
 */
export function eventually<T>(check: () => T | Promise<T>, interval = INTERVAL_MS): Promise<T> {
  return vi.waitFor(check, { timeout: BOUND_MS, interval });
}
