import { expect, test } from 'vitest';
import { TIERS } from '../../../../core/model/tiers.ts';
import { SimulatedLife } from '../../../support/simulated-life.ts';

const TIMEOUT_MS = 300_000;
const DAY_MS = 24 * 3600 * 1000;

/*
 * What docs/install-local.md promises, said in another way than the code does: in Berlin, from the 25th of February 2026 on,
 * with a weekly and a monthly backup on Sunday the 1st of March, nobody there on the 10th from 01:45 to 03:45, and clocks
 * that go from 02:00 to 03:00 on Sunday the 29th.
 */
function promised(): string[] {
  // A new target gets its first backup at once.
  const ended = ['07', '11', '15', '19'].map((hour) => `completed 20260225T${hour}0000Z-shop-snapshot`);
  for (let day = Date.UTC(2026, 1, 26); day < Date.UTC(2026, 3, 1); day += DAY_MS) ended.push(...dayOf(new Date(day)));
  return ended;
}

function dayOf(day: Date): string[] {
  const date = day.toISOString().slice(0, 10);
  const isSummer = date > '2026-03-29';
  const isChange = date === '2026-03-29';
  const at = (time: string, isAhead = isSummer) => {
    const utc = new Date(Date.parse(`${date}T${time}:00Z`) - (isAhead ? 2 : 1) * 3600 * 1000);
    return utc.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  };
  const after = isSummer || isChange;
  const isSunday = day.getUTCDay() === 0;
  const isFirst = day.getUTCDate() === 1;
  return [
    `completed ${at('00:00')}-shop-snapshot`,
    // There is no 02:30 on that day.
    ...(isChange ? [] : [`completed ${at('02:30')}-shop-daily`]),
    ...(isSunday ? [`completed ${at('03:00', after)}-shop-weekly`] : []),
    ...(isFirst ? [`completed ${at('04:00', after)}-shop-monthly`] : []),
    `${isFirst ? 'skipped' : 'completed'} ${at('04:00', after)}-shop-snapshot`,
    `completed ${at('05:30', after)}-prune`,
    ...['08:00', '12:00', '16:00', '20:00'].map((time) => `completed ${at(time, after)}-shop-snapshot`),
  ];
}

test('five weeks bring exactly the backups that are promised', { timeout: TIMEOUT_MS }, async () => {
  const life = new SimulatedLife('2026-02-25T10:00:00Z', { timeZone: 'Europe/Berlin', jitterSeconds: 30 });
  await life.serveUntil('2026-03-10T00:45:00Z');
  await life.clock.until('2026-03-10T02:45:00Z');
  await life.serveUntil('2026-04-01T21:30:00Z');
  const first = [
    'completed 20260331T220000Z-shop-snapshot',
    'completed 20260401T003000Z-shop-daily',
    'completed 20260401T020000Z-shop-monthly',
    'skipped 20260401T020000Z-shop-snapshot',
    'completed 20260401T033000Z-prune',
    ...['06', '10', '14', '18'].map((hour) => `completed 20260401T${hour}0000Z-shop-snapshot`),
  ];
  expect(life.jobs.ended).toEqual([...promised(), ...first]);
  // Of 30 days; there was none on the 29th.
  const kept = life.store.keys.filter((key) => key.endsWith('/manifest.json')).map((key) => key.split('/')[0]);
  const counts = Object.fromEntries(TIERS.map((tier) => [tier, kept.filter((each) => each === tier).length]));
  expect(counts).toMatchObject({ daily: 29, weekly: 5, monthly: 2 });
  expect(counts.snapshot).toBeGreaterThan(10);
  expect(counts.snapshot).toBeLessThan(25);
  // What came late was on its way when the watchdog looked.
  expect(life.sink.told.filter((id) => !id.startsWith('prune-completed/'))).toEqual([]);
});
