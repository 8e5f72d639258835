import { expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../../core/alerts/webhook/clock.ts';
import { untilTaken } from '../../../../core/alerts/webhook/until-taken.ts';

const GRACE_MS = 1000;
const startPace = (totalMs: number) => ({
  clock: SYSTEM_CLOCK,
  attemptTimeoutMs: 50,
  deadlineMs: SYSTEM_CLOCK.elapsedMs() + totalMs,
  random: () => 0,
});

it('gives up attempts that never end, one after the other, and then all of it', async () => {
  const beganMs = performance.now();
  const givenUp = await untilTaken(startPace(2000), () => new Promise(() => {}));
  expect(givenUp).toMatchObject({ attempts: 2, refusal: { reason: 'no answer in 0.05 s', retryable: true } });
  expect(performance.now() - beganMs).toBeLessThan(2000 + 2 * GRACE_MS);
});

it('is told what an attempt throws, though it throws too late for anybody', async () => {
  const late = () => new Promise<undefined>((_, reject) => setTimeout(() => reject(new Error('late')), GRACE_MS + 100));
  expect(await untilTaken(startPace(10), late)).toMatchObject({ attempts: 1 });
  await expect(untilTaken(startPace(10), () => Promise.reject(new Error('at once')))).rejects.toThrow('at once');
});
