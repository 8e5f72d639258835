import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes } from '../../../../../../agent/cli/format.ts';
import { sourceText, tookText } from '../../../../../../agent/web/page/text/manifest.ts';
import { bytesText, countOf } from '../../../../../../agent/web/page/text/numbers.ts';
import { activityTitle, progressText } from '../../../../../../agent/web/page/text/progress.ts';
import { durationOf, reasonText, runTitle } from '../../../../../../agent/web/page/text/run.ts';
import { ageText, idPrefixOfDay, secondsText, timeInId, utcText } from '../../../../../../agent/web/page/text/time.ts';
import { backupBadges } from '../../../../../../agent/web/page/text/verified.ts';
import { activity, NOW, run, summary } from '../examples.ts';

describe('times and numbers', () => {
  it.each([
    ['2026-11-22T12:00:00.400Z', 'now'],
    ['2026-11-22T11:59:48Z', '12s ago'],
    ['2026-11-22T09:00:00Z', '3h ago'],
    ['2026-11-22T16:00:00Z', 'in 4h'],
  ])('%s is %s', (time, text) => {
    expect(ageText(time, NOW)).toBe(text);
  });

  it('are those of the command line', () => {
    const time = new Date('2026-11-20T09:30:00Z');
    expect(ageText(time.toISOString(), NOW)).toBe(formatAge(time, new Date(NOW)));
    expect(bytesText(18_400_000)).toBe(formatBytes(18_400_000));
  });

  it('are read out of ids, and searched for in them', () => {
    expect(timeInId('20261122T023000Z-my-graphs-daily')).toBe('2026-11-22T02:30:00.000Z');
    expect(timeInId('my-graphs')).toBeUndefined();
    expect(idPrefixOfDay('2026-11-22')).toBe('20261122T');
  });

  it('are written for people', () => {
    expect(utcText('2026-11-22T02:30:00.000Z')).toBe('2026-11-22T02:30:00Z');
    expect([secondsText(0), secondsText(1.24), secondsText(3725)]).toEqual(['0s', '1.2s', '1h 2m']);
    expect([countOf(1, 'graph'), countOf(12_345, 'graph')]).toEqual(['1 graph', '12,345 graphs']);
  });
});

describe('progress', () => {
  it('is told in units for people', () => {
    expect(progressText({ phase: 'transfer', unit: 'bytes', done: 12_400_000, total: 30_000_000 })).toEqual({
      phase: 'Writing it to the store',
      amount: '12.4 MB of 30 MB (41%)',
      fraction: 12.4 / 30,
    });
    expect(progressText({ phase: 'save', unit: 'keys', done: 1200, total: 4000 }).amount).toBe(
      '1,200 of 4,000 keys (30%)',
    );
  });

  it('has no bar where only its end will tell, and is never more than whole', () => {
    expect(progressText(null)).toEqual({ phase: 'Starting', amount: '', fraction: undefined });
    expect(progressText({ phase: 'fetch', unit: 'bytes', done: 500, total: null })).toMatchObject({
      amount: '500 B',
      fraction: undefined,
    });
    expect(progressText({ phase: 'save', unit: 'keys', done: 0, total: 0 }).fraction).toBeUndefined();
    expect(progressText({ phase: 'save', unit: 'keys', done: 5, total: 4 }).fraction).toBe(1);
  });

  it('says of what it is', () => {
    expect(activityTitle(activity({ tier: 'daily' }))).toBe('Backup, daily');
    expect(activityTitle(activity({ kind: 'verify' }))).toBe('Verification of 20261122T120000Z-falkordb-manual');
  });
});

describe('runs and backups', () => {
  it('say how long they took, where that is known', () => {
    expect(durationOf(run())).toBe(3.5);
    expect(durationOf(run({ endedAt: null }))).toBeUndefined();
    expect(runTitle(run())).toBe('Backup, daily');
    expect(runTitle(run({ verb: null, tier: null }))).toBe('Run');
    expect(reasonText('unchanged')).toContain('nothing has changed');
    expect(reasonText('something new')).toBe('something new');
  });

  it('have badges for what is special about them', () => {
    expect(backupBadges(summary())).toEqual([]);
    const verified = { at: '2026-11-22T09:00:00.000Z', outcome: 'loaded' as const };
    expect(backupBadges(summary({ pinned: true, isStored: false, verified }))).toEqual([
      { level: 'bad', text: 'bytes missing' },
      { level: 'good', text: 'verified', at: verified.at },
      { level: 'info', text: 'pinned' },
    ]);
    const failed = { ...verified, outcome: 'failed' as const };
    expect(backupBadges(summary({ verified: failed }))).toEqual([
      { level: 'bad', text: 'failed to load', at: verified.at },
    ]);
  });

  it.each([
    [{ source: 'bgsave' } as const, 'its own save (bgsave)'],
    [{ source: 'replication' } as const, 'replication'],
    [
      { source: 'import', imported: { from: 'old.rdb', at: '2026-11-22T09:00:00Z', stampedAt: null } } as const,
      'imported from old.rdb',
    ],
  ])('say that %o is %s', (given, text) => {
    expect(sourceText(given)).toBe(text);
  });

  it('say what took how long', () => {
    const timings = { saveSeconds: 8, transferSeconds: 2, totalSeconds: 11 };
    expect(tookText({ source: 'bgsave', timings })).toBe('11s: 8s to save, 2s more to store');
    expect(tookText({ source: 'import', timings })).toBe('11s: 2s to store');
  });
});
