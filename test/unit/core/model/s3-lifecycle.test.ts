import { describe, expect, it } from 'vitest';
import { type LifecycleOptions, lifecycleConfiguration } from '../../../../core/model/s3-lifecycle.ts';
import { TIERS } from '../../../../core/model/tiers.ts';

const rulesOf = (options: Partial<LifecycleOptions> = {}) =>
  lifecycleConfiguration({ prefix: 'falkordb', ...options }).Rules;
const ruleAt = (prefix: string, options?: Partial<LifecycleOptions>) =>
  rulesOf(options).find(({ Filter }) => Filter.Prefix === prefix);

describe('the lifecycle rules of a bucket', () => {
  it('expire no current version, whatever is asked for', () => {
    for (const rule of rulesOf({ undoDays: 1, coldMonthlyDays: 1 })) {
      expect(Object.keys(rule.Expiration ?? {}).filter((key) => key !== 'ExpiredObjectDeleteMarker')).toEqual([]);
    }
  });

  it('purge what was removed from every tier after seven days, with its markers, and unfinished uploads after three', () => {
    for (const tier of TIERS) {
      expect(ruleAt(`falkordb/${tier}/`)).toEqual({
        ID: `finish-${tier}`,
        Status: 'Enabled',
        Filter: { Prefix: `falkordb/${tier}/` },
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
        Expiration: { ExpiredObjectDeleteMarker: true },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
      });
    }
  });

  it('purge run records like backups, leases and what the watchdog has said sooner', () => {
    expect(ruleAt('falkordb/runs/')?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 7 });
    expect(ruleAt('falkordb/alerts/')?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 1 });
    expect(ruleAt('falkordb/locks/')?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 1 });
  });

  it('leave as long for an undo as is asked for', () => {
    expect(ruleAt('falkordb/daily/', { undoDays: 30 })?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 });
    expect(ruleAt('falkordb/locks/', { undoDays: 30 })?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 1 });
  });

  it('move monthlies, and nothing else, to a class that is read at once, and only when asked', () => {
    const moving = (options: Partial<LifecycleOptions>) => rulesOf(options).filter(({ Transitions }) => Transitions);
    expect(moving({})).toEqual([]);
    expect(moving({ coldMonthlyDays: 30 })).toEqual([
      {
        ID: 'cool-monthly',
        Status: 'Enabled',
        Filter: { Prefix: 'falkordb/monthly/' },
        Transitions: [{ Days: 30, StorageClass: 'GLACIER_IR' }],
      },
    ]);
  });

  it.each([
    ['', ''],
    ['a', 'a/'],
    ['a/b', 'a/b/'],
  ])('reach nothing outside a store at prefix "%s"', (prefix, start) => {
    const reached = rulesOf({ prefix, coldMonthlyDays: 30 }).map(({ Filter }) => Filter.Prefix);
    const folders = [...TIERS, 'runs', 'locks', 'alerts', 'monthly'].map((name) => `${start}${name}/`);
    expect(reached).toEqual(folders);
  });

  it('have names that differ', () => {
    const names = rulesOf({ coldMonthlyDays: 30 }).map(({ ID }) => ID);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([0, -1, 1.5, Number.NaN])('are refused for %d days', (days) => {
    expect(() => rulesOf({ undoDays: days })).toThrow(RangeError);
    expect(() => rulesOf({ coldMonthlyDays: days })).toThrow(RangeError);
  });
});
