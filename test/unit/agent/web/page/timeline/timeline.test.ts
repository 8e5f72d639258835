import { describe, expect, it } from 'vitest';
import { chartPoints, chartSummary } from '../../../../../../agent/web/page/timeline/chart-data.ts';
import { dayText } from '../../../../../../agent/web/page/timeline/day-words.ts';
import { type DaysInput, SHOWN_DAYS, shownDates, tierDays } from '../../../../../../agent/web/page/timeline/days.ts';
import { dueBetween } from '../../../../../../agent/web/page/timeline/due.ts';
import { NOW, run, summary, tier } from '../examples.ts';

const at = (day: number) => `2026-11-${String(day).padStart(2, '0')}T02:30:00.000Z`;
const runOf = (day: number, outcome: 'completed' | 'skipped' | 'failed', of: 'daily' | 'snapshot' = 'daily') =>
  run({
    backupId: `202611${String(day).padStart(2, '0')}T023000Z-falkordb-${of}`,
    tier: of,
    outcome,
    requestedAt: at(day),
  });

function daily(given: Partial<DaysInput>) {
  const [row] = tierDays({ tiers: [tier()], backups: [], runs: [], now: NOW, dueBetween, ...given });
  return (day: number) => row?.days.find(({ date }) => date === at(day).slice(0, 10));
}

describe('the days of the timeline', () => {
  it('are five weeks, up to today', () => {
    const dates = shownDates(NOW);
    expect(dates).toHaveLength(SHOWN_DAYS);
    expect([dates[0], dates.at(-1)]).toEqual(['2026-10-19', '2026-11-22']);
  });

  it('tell what became of each', () => {
    const day = daily({
      backups: [summary({ scheduledFor: at(14) }), summary({ scheduledFor: at(22) })],
      runs: [
        runOf(14, 'failed'),
        runOf(15, 'failed'),
        runOf(16, 'skipped'),
        runOf(17, 'completed'),
        runOf(18, 'failed'),
        runOf(18, 'completed'),
      ],
    });
    expect([14, 15, 16, 17, 18, 19, 22].map((number) => day(number)?.state)).toEqual([
      'kept',
      'failed',
      'skipped',
      'removed',
      'removed',
      'missed',
      'kept',
    ]);
    expect(day(14)?.failures).toBe(1);
    expect(dayText(day(14) ?? never())).toBe('2026-11-14: 1 backup, 1 failed run');
    expect(dayText(day(19) ?? never())).toBe('2026-11-19: due, but nothing ran');
  });

  it('miss nothing before the first sign of life, nor without a schedule', () => {
    expect(daily({ backups: [summary({ scheduledFor: at(20) })] })(19)?.state).toBe('idle');
    expect(daily({ backups: [summary({ scheduledFor: at(20) })] })(21)?.state).toBe('missed');
    const tiers = [tier({ schedule: null })];
    expect(daily({ tiers, backups: [summary({ scheduledFor: at(20) })] })(21)?.state).toBe('idle');
  });

  it('do not take the sign of life of another tier for one of its own', () => {
    const runs = [runOf(10, 'completed', 'snapshot')];
    expect(daily({ runs })(21)?.state).toBe('idle');
    expect(daily({ runs, tiers: [tier({ overdueSince: at(21) })] })(21)?.state).toBe('missed');
  });

  it('do not call missed what is due only now', () => {
    const backups = [summary({ scheduledFor: at(20) }), summary({ scheduledFor: at(21) })];
    const now = Date.parse(at(22)) + 60_000;
    expect(daily({ backups, now })(22)?.state).toBe('idle');
    expect(daily({ backups, now: now + 3_600_000 })(22)?.state).toBe('missed');
  });

  it('are shown of tiers with a schedule or a backup', () => {
    const manual = tier({ tier: 'manual', schedule: null });
    const shown = (backups: DaysInput['backups']) =>
      tierDays({ tiers: [tier(), manual], backups, runs: [], now: NOW, dueBetween }).map((row) => row.tier);
    expect(shown([])).toEqual(['daily']);
    expect(shown([summary({ tier: 'manual' })])).toEqual(['daily', 'manual']);
  });
});

describe('when a schedule was due', () => {
  it('is said by its own time zone', () => {
    const schedule = { cron: '0 1 * * *', timeZone: 'Europe/Berlin' };
    const due = dueBetween(schedule, Date.parse('2026-11-20T12:00:00Z'), NOW);
    expect(due.map((time) => new Date(time).toISOString())).toEqual([
      '2026-11-22T00:00:00.000Z',
      '2026-11-21T00:00:00.000Z',
    ]);
  });
});

describe('the charts', () => {
  it('show what can be read, oldest first, one at a time', () => {
    const points = chartPoints([
      summary({ scheduledFor: at(22) }),
      summary({ scheduledFor: at(21) }),
      summary({ scheduledFor: at(21), tier: 'snapshot' }),
      summary({ scheduledFor: at(20), facts: null }),
    ]);
    expect(points.map((point) => point.at)).toEqual([at(21), at(22)]);
  });

  it('are told in a sentence', () => {
    const points = chartPoints([summary({ scheduledFor: at(22) }), summary({ scheduledFor: at(21) })]);
    const show = (point: { at: string }) => point.at.slice(0, 10);
    expect(chartSummary(points, 'Size', show)).toBe(
      'Size of 2 backups, from 2026-11-21 at first to 2026-11-22 at last.',
    );
    expect(chartSummary(points.slice(1), 'Size', show)).toBe('Size of one backup: 2026-11-22.');
    expect(chartSummary([], 'Size', show)).toBe('Size: no backups yet.');
  });
});

function never(): never {
  throw new Error('the day is not shown');
}
