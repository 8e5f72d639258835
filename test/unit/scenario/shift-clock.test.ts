import { afterEach, expect, test } from 'vitest';
import { shiftClock } from '../../scenario/support/shift-clock.ts';

const RealDate = Date;
const HOUR_MS = 3600 * 1000;

afterEach(() => {
  globalThis.Date = RealDate;
});

test('a clock that is shifted is ahead by so much, and goes on', async () => {
  shiftClock(HOUR_MS);
  const aheadMs = [Date.now(), Date.parse(new Date().toISOString()), Date.parse(Date())].map(
    (time) => time - RealDate.now(),
  );
  for (const each of aheadMs) expect(Math.abs(each - HOUR_MS)).toBeLessThan(2000);
  const before = Date.now();
  await expect.poll(() => Date.now()).toBeGreaterThan(before);
});

test('dates are what they are', () => {
  const before = new RealDate(0);
  shiftClock(HOUR_MS);
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z');
  expect(new Date(2026, 0, 2).getDate()).toBe(2);
  expect(Date.UTC(1970, 0, 1)).toBe(0);
  expect(before).toBeInstanceOf(Date);
  expect(new Date()).toBeInstanceOf(RealDate);
});
