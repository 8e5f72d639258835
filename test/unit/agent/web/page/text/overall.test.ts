import { describe, expect, it } from 'vitest';
import { lastKnown, overallOf, summaryOf } from '../../../../../../agent/web/page/text/overall.ts';
import { summary, target, tier } from '../examples.ts';

const DOWN = { state: 'down', checkedAt: '2026-11-22T12:00:00.000Z', message: 'it is gone', hint: 'look' } as const;
const FAILURE = {
  runId: 'run-1',
  verb: 'backup',
  tier: 'daily',
  backupId: null,
  at: '2026-11-22T02:30:00.000Z',
  code: 'store-full',
  message: 'no room',
  hint: 'make room',
} as const;

const titles = (given: Parameters<typeof target>[0]) => overallOf(target(given)).problems.map(({ text }) => text);

describe('how a target is, in words', () => {
  it('is well where nothing is wrong', () => {
    expect(overallOf(target())).toEqual({ level: 'good', title: 'All is well', problems: [] });
  });

  it('says that the database is down before all else', () => {
    const database = { ...target().database, ...DOWN };
    const overall = overallOf(target({ database, lastFailure: FAILURE }));
    expect(overall).toMatchObject({ level: 'bad', title: 'Database down: it is gone' });
    expect(overall.problems).toMatchObject([
      { hint: 'look' },
      { level: 'warning', text: 'Last daily backup failed: no room', hint: 'make room', runId: 'run-1' },
    ]);
  });

  it('does not say that there is no backup where the store cannot be read', () => {
    expect(titles({ storeState: DOWN, tiers: [tier({ newest: null })] })).toEqual(['Store unreachable: it is gone']);
  });

  it('names the tiers that are overdue, and leaves what ticks out of the words', () => {
    const one = [tier({ overdueSince: '2026-11-22T02:30:00.000Z' }), tier({ tier: 'weekly' })];
    expect(overallOf(target({ tiers: one })).problems).toMatchObject([
      { text: 'Backup overdue: daily', due: { name: 'due', at: '2026-11-22T02:30:00.000Z' } },
    ]);
    const two = [...one, tier({ tier: 'weekly', overdueSince: '2026-11-20T03:00:00.000Z' })];
    expect(overallOf(target({ tiers: two })).problems).toMatchObject([
      { text: 'Backup overdue: daily, weekly', due: { name: 'first due', at: '2026-11-20T03:00:00.000Z' } },
    ]);
  });

  it.each([
    [{ isStored: false }, 'Newest daily backup damaged: bytes of it are missing in the store'],
    [
      { verified: { at: '2026-11-22T03:00:00.000Z', outcome: 'failed' as const } },
      'Newest daily backup could not be loaded when it was verified',
    ],
  ])('warns of a newest backup with %o', (given, text) => {
    expect(overallOf(target({ tiers: [tier({ newest: summary(given) })] }))).toMatchObject({
      level: 'bad',
      title: text,
    });
  });

  it('warns of a backup that cannot be read, newer than the newest that can', () => {
    const unreadable = { backupId: '20261122T080000Z-falkordb-daily', problem: 'it is empty' };
    const bad = { level: 'bad', title: 'Newest daily backup unreadable: it is empty' };
    expect(overallOf(target({ tiers: [tier({ unreadable })] }))).toMatchObject(bad);
    expect(titles({ tiers: [tier({ unreadable, newest: null })] })).toEqual([bad.title]);
  });

  it('says when the first backup is due', () => {
    const tiers = [
      tier({ newest: null }),
      tier({ tier: 'snapshot', newest: null, nextDue: '2026-11-22T16:00:00.000Z' }),
    ];
    expect(overallOf(target({ tiers }))).toMatchObject({
      level: 'info',
      title: 'No backup yet',
      problems: [{ due: { name: 'the first is due', at: '2026-11-22T16:00:00.000Z' } }],
    });
    const none = [tier({ newest: null, schedule: null, nextDue: null })];
    expect(overallOf(target({ tiers: none }))).toMatchObject({
      level: 'warning',
      title: 'No backup yet, and none is scheduled',
    });
  });

  it('is not known to be well while the service cannot be asked', () => {
    const overall = lastKnown(overallOf(target()));
    expect(overall).toMatchObject({ level: 'warning', title: 'Not known at present; last known: All is well' });
    const database = { ...target().database, ...DOWN };
    expect(lastKnown(overallOf(target({ database }))).level).toBe('bad');
  });

  it('is summed up over all targets', () => {
    const well = overallOf(target());
    const unwell = overallOf(target({ lastFailure: FAILURE }));
    expect(summaryOf([well])).toBe('All is well');
    expect(summaryOf([well, well])).toBe('All 2 targets are well');
    expect(summaryOf([well, unwell])).toBe('1 of 2 targets need attention');
    expect(summaryOf([])).toBe('No target');
  });
});
