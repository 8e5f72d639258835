import { describe, expect, it } from 'vitest';
import { before, describeDuration, parseRules } from '../../../../core/model/retention-rules.ts';

describe('parseRules', () => {
  it('reads what a person writes', () => {
    expect(parseRules('all 48h, daily 7d')).toEqual([
      { kind: 'all', youngerThan: { amount: 48, unit: 'h' } },
      { kind: 'newest-of-each', period: 'day', youngerThan: { amount: 7, unit: 'd' } },
    ]);
    expect(parseRules('last 5,Monthly 12mo , yearly 3y')).toEqual([
      { kind: 'last', count: 5 },
      { kind: 'newest-of-each', period: 'month', youngerThan: { amount: 12, unit: 'mo' } },
      { kind: 'newest-of-each', period: 'year', youngerThan: { amount: 3, unit: 'y' } },
    ]);
    expect(parseRules('forever')).toEqual([{ kind: 'forever' }]);
  });

  it.each([
    ['', 'must keep something'],
    [' , ', 'must keep something'],
    ['all 0d', '"all 0d" keeps nothing'],
    ['all 30d, last 0', '"last 0" keeps nothing'],
    ['all 99999d', 'more than 10000'],
    ['30', '"30" is no rule'],
    ['all', '"all" is no rule'],
    ['all 30', '"all 30" is no rule'],
    ['all 30m', '"all 30m" is no rule'],
    ['last 3d', '"last 3d" is no rule'],
    ['all -1d', '"all -1d" is no rule'],
    ['fortnightly 3w', '"fortnightly 3w" is no rule'],
    ['all 30d,', '"" is no rule'],
    ['constructor 3d', '"constructor 3d" is no rule'],
  ])('refuses "%s"', (text, message) => expect(() => parseRules(text)).toThrow(message));
});

describe('before', () => {
  const at = (time: string, amount: number, unit: 'h' | 'd' | 'w' | 'mo' | 'y') =>
    before(new Date(time), { amount, unit }).toISOString().slice(0, 16);

  it.each([
    ['2026-11-23T05:00', 48, 'h', '2026-11-21T05:00'],
    ['2026-11-23T05:00', 30, 'd', '2026-10-24T05:00'],
    ['2026-11-23T05:00', 12, 'w', '2026-08-31T05:00'],
    ['2026-11-23T05:00', 12, 'mo', '2025-11-23T05:00'],
    ['2026-03-31T05:00', 1, 'mo', '2026-02-28T05:00'],
    ['2028-02-29T05:00', 1, 'y', '2027-02-28T05:00'],
    ['2026-01-31T05:00', 2, 'mo', '2025-11-30T05:00'],
  ] as const)('%s less %i%s is %s', (time, amount, unit, expected) =>
    expect(at(`${time}:00Z`, amount, unit)).toBe(expected),
  );
});

it('describes a duration', () => {
  expect(describeDuration({ amount: 1, unit: 'd' })).toBe('1 day');
  expect(describeDuration({ amount: 12, unit: 'mo' })).toBe('12 months');
});
