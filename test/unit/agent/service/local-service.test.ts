import { describe, expect, it } from 'vitest';
import type { BackupJob } from '../../../../agent/service/jobs.ts';
import { SimulatedLife } from '../../../support/simulated-life.ts';

const DAILY_ONLY = { schedules: { snapshot: null, daily: '30 2 * * *', weekly: null, monthly: null, prune: null } };
const FIRST = 'completed 20260609T023000Z-shop-daily';

describe('the service', () => {
  it('makes up for many that were missed by the largest one, which covers the others', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z');
    await life.serveUntil('2026-06-10T05:00:00Z');
    const before = life.jobs.ended.length;
    await life.clock.until('2026-06-15T10:00:00Z');
    await life.serveUntil('2026-06-15T11:00:00Z');
    expect(life.jobs.ended.slice(before)).toEqual([
      'completed 20260614T030000Z-shop-weekly',
      'skipped 20260615T023000Z-shop-daily',
      'skipped 20260615T080000Z-shop-snapshot',
      'completed 20260615T053000Z-prune',
    ]);
  });

  it('begins with what comes due where it is new, but for the first backup of all', async () => {
    const life = new SimulatedLife('2026-06-10T05:00:00Z');
    await life.serveUntil('2026-06-10T08:30:00Z');
    expect(life.jobs.ended).toEqual([
      'completed 20260610T040000Z-shop-snapshot',
      'completed 20260610T053000Z-prune',
      'completed 20260610T080000Z-shop-snapshot',
    ]);
  });

  it('makes up for nothing twice', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z', DAILY_ONLY);
    for (const end of ['2026-06-10T02:40:00Z', '2026-06-10T02:50:00Z', '2026-06-10T03:00:00Z'])
      await life.serveUntil(end);
    expect(life.jobs.ended).toEqual([FIRST, 'completed 20260610T023000Z-shop-daily']);
  });

  it('makes again what it was stopped in', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z', DAILY_ONLY);
    // The backup takes three minutes, and a service that is told to stop waits for half of one.
    await life.serveUntil('2026-06-10T02:31:00Z');
    await life.serveUntil('2026-06-10T03:00:00Z');
    expect(life.jobs.ended).toEqual([
      FIRST,
      'failed 20260610T023000Z-shop-daily',
      'completed 20260610T023000Z-shop-daily',
    ]);
  });

  it('goes on with its tries when it is started again between them', async () => {
    const life = new SimulatedLife('2026-06-10T02:00:00Z', DAILY_ONLY, (job) => isDailyOf('2026-06-10')(job));
    await life.serveUntil('2026-06-10T02:34:00Z');
    await life.serveUntil('2026-06-10T12:00:00Z');
    expect(life.jobs.ended.filter((end) => end === 'failed 20260610T023000Z-shop-daily').length).toBeGreaterThan(1);
    const before = life.jobs.ended.length;
    await life.serveUntil('2026-06-10T13:00:00Z');
    expect(life.jobs.ended).toHaveLength(before);
  });

  it('goes by the new time of a clock that was set back', async () => {
    const life = new SimulatedLife('2026-06-20T02:00:00Z', DAILY_ONLY);
    await life.serveWhile(async () => {
      await life.clock.until('2026-06-20T02:40:00Z');
      life.clock.set('2026-06-10T01:00:00Z');
      await life.clock.until('2026-06-10T03:00:00Z');
    });
    expect(life.jobs.ended).toEqual([
      'completed 20260619T023000Z-shop-daily',
      'completed 20260620T023000Z-shop-daily',
      'completed 20260610T023000Z-shop-daily',
    ]);
  });

  it('makes up for what was missed for more than three days, also where the store is away at first', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z', DAILY_ONLY);
    await life.serveUntil('2026-06-10T05:00:00Z');
    await life.clock.until('2026-06-16T10:00:00Z');
    life.breakStoreOnce();
    await life.serveUntil('2026-06-16T11:00:00Z');
    expect(life.jobs.ended.at(-1)).toBe('completed 20260616T023000Z-shop-daily');
  });

  it('gives up what hangs, tells so, and goes on', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z', DAILY_ONLY);
    life.jobs.hang = isDailyOf('2026-06-10');
    await life.serveUntil('2026-06-11T03:00:00Z');
    expect(life.jobs.ended).toEqual([FIRST, 'completed 20260611T023000Z-shop-daily']);
    expect(life.sink.told).toContain('backup-failed/shop/20260610T023000Z-daily');
  });

  it('begins nothing new when it is stopped, however many wait for others', async () => {
    const life = new SimulatedLife('2026-06-10T02:00:00Z', DAILY_ONLY, undefined, 12);
    await life.serveUntil('2026-06-10T02:30:05Z');
    expect(life.jobs.ended.filter((end) => end.includes('20260610T023000Z'))).toHaveLength(4);
  });

  it('gives up what it is stopped in again and again', async () => {
    const life = new SimulatedLife('2026-06-10T02:29:00Z', DAILY_ONLY);
    await life.serveUntil('2026-06-10T02:29:59Z');
    for (const minute of [31, 33, 35, 37, 39]) await life.serveUntil(`2026-06-10T02:${minute}:00Z`);
    const failed = life.jobs.ended.filter((end) => end.startsWith('failed 20260610'));
    expect(failed).toHaveLength(3);
  });

  it('lets what ends soon end when it is told to stop', async () => {
    const life = new SimulatedLife('2026-06-10T00:00:00Z', DAILY_ONLY);
    await life.serveUntil('2026-06-10T02:32:45Z');
    expect(life.jobs.ended).toEqual([FIRST, 'completed 20260610T023000Z-shop-daily']);
  });

  it('tries again what may succeed later, a bounded number of times', async () => {
    const life = new SimulatedLife('2026-06-10T02:00:00Z', DAILY_ONLY, isDailyOf('2026-06-10'));
    await life.serveUntil('2026-06-10T12:00:00Z');
    expect(life.jobs.ended).toEqual([FIRST, ...Array.from({ length: 3 }, () => 'failed 20260610T023000Z-shop-daily')]);
  });

  it('succeeds in a later try', async () => {
    let failures = 1;
    const life = new SimulatedLife(
      '2026-06-10T02:00:00Z',
      DAILY_ONLY,
      (job) => isDailyOf('2026-06-10')(job) && failures-- > 0,
    );
    await life.serveUntil('2026-06-10T12:00:00Z');
    expect(life.jobs.ended).toEqual([
      FIRST,
      'failed 20260610T023000Z-shop-daily',
      'completed 20260610T023000Z-shop-daily',
    ]);
  });

  it('lets a newer one take the place of a try that is still to come', async () => {
    const every5 = { schedules: { ...DAILY_ONLY.schedules, daily: null, snapshot: '*/5 * * * *' } };
    const life = new SimulatedLife(
      '2026-06-10T02:01:00Z',
      every5,
      ({ scheduledFor }) => scheduledFor.getUTCMinutes() === 5,
    );
    await life.serveUntil('2026-06-10T02:19:00Z');
    expect(life.jobs.ended).toEqual([
      'completed 20260610T020000Z-shop-snapshot',
      'failed 20260610T020500Z-shop-snapshot',
      'completed 20260610T021000Z-shop-snapshot',
      'completed 20260610T021500Z-shop-snapshot',
    ]);
  });

  it('makes of those that came due during a long one only the newest', async () => {
    const often = { schedules: { ...DAILY_ONLY.schedules, daily: null, snapshot: '* * * * *' } };
    const life = new SimulatedLife('2026-06-10T02:01:30Z', often);
    await life.serveUntil('2026-06-10T02:07:10Z');
    expect(life.jobs.ended).toEqual([
      'completed 20260610T020100Z-shop-snapshot',
      'completed 20260610T020400Z-shop-snapshot',
    ]);
  });
});

function isDailyOf(date: string): (job: BackupJob) => boolean {
  return ({ scheduledFor }) => scheduledFor.toISOString().startsWith(date);
}
