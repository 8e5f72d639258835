import type { Clock } from './clock.ts';
import { judgeError, type Refusal } from './judgement.ts';
import { TimedOut } from './post.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** An attempt ends itself at its time; this much later it is given up whatever it does. */
const GRACE_MS = 1000;

export interface Pace {
  clock: Clock;
  attemptTimeoutMs: number;
  /** By the clock's `elapsedMs`. */
  deadlineMs: number;
  /** From 0 to 1. */
  random: () => number;
}

export interface GivenUp {
  refusal: Refusal;
  attempts: number;
}

/**
 * Ends by the deadline and a second, whatever an attempt does.
 * @returns undefined once it was taken; where no further attempt could help or would be too late, why
 */
export async function untilTaken(
  pace: Pace,
  attempt: (timeoutMs: number) => Promise<Refusal | undefined>,
): Promise<GivenUp | undefined> {
  const { clock, attemptTimeoutMs, deadlineMs, random } = pace;
  for (let attempts = 1; ; attempts++) {
    const leftMs = Math.max(1, Math.floor(deadlineMs - clock.elapsedMs()));
    const refusal = await bounded(attempt, Math.min(attemptTimeoutMs, leftMs));
    if (!refusal) return undefined;
    const pauseMs = Math.max(pauseAfter(attempts, random), refusal.waitMs ?? 0);
    if (!refusal.retryable || clock.elapsedMs() + pauseMs >= deadlineMs) return { refusal, attempts };
    await clock.sleep(pauseMs);
  }
}

/** The timer also keeps the process alive: an attempt may have left it nothing else to wait for. */
async function bounded(
  attempt: (timeoutMs: number) => Promise<Refusal | undefined>,
  timeoutMs: number,
): Promise<Refusal | undefined> {
  const { promise: timeUp, resolve } = Promise.withResolvers<Refusal>();
  const timer = setTimeout(() => resolve(judgeError(new TimedOut(timeoutMs))), timeoutMs + GRACE_MS);
  try {
    return await Promise.race([attempt(timeoutMs), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** Half of it is chance, so that many senders do not come back in the same moment. */
function pauseAfter(attempts: number, random: () => number): number {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  return pauseMs * (0.5 + random() / 2);
}
