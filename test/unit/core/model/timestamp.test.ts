import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromCompactTimestamp, toCompactTimestamp, utcTimeSchema } from '../../../../core/model/timestamp.ts';
import { wholeSeconds } from '../../../support/arbitraries.ts';

describe('compact timestamps', () => {
  it('are written without anything that needs escaping', () => {
    expect(toCompactTimestamp(new Date('2026-11-22T02:30:05.999Z'))).toBe('20261122T023005Z');
  });

  it('come back as the moment they were made from', () => {
    fc.assert(
      fc.property(wholeSeconds, (time) => {
        expect(fromCompactTimestamp(toCompactTimestamp(time))).toEqual(time);
      }),
    );
  });

  it('sort by time as text', () => {
    fc.assert(
      fc.property(wholeSeconds, wholeSeconds, (a, b) => {
        expect(toCompactTimestamp(a) < toCompactTimestamp(b)).toBe(a.getTime() < b.getTime());
      }),
    );
  });

  it('know the leap day of a leap year', () => {
    expect(fromCompactTimestamp('20280229T000000Z')).toEqual(new Date('2028-02-29T00:00:00Z'));
  });

  it.each([
    ['a day that the month lacks', '20260231T000000Z'],
    ['the leap day of another year', '20270229T000000Z'],
    ['month 13', '20261301T000000Z'],
    ['month 0', '20260001T000000Z'],
    ['day 0', '20260100T000000Z'],
    ['hour 24', '20260101T240000Z'],
    ['minute 60', '20260101T006000Z'],
    ['a leap second', '20261231T235960Z'],
    ['no zone', '20260101T000000'],
    ['another zone', '20260101T000000+'],
    ['a fraction', '20260101T000000.1Z'],
    ['a line break', '20260101T000000Z\n'],
    ['dashes', '2026-01-01T00:00:00Z'],
    ['nothing', ''],
  ])('are refused with %s', (_, text) => expect(fromCompactTimestamp(text)).toBeUndefined());
});

describe('utcTimeSchema', () => {
  it('takes what toISOString makes', () => {
    fc.assert(
      fc.property(wholeSeconds, (time) => {
        expect(utcTimeSchema.parse(time.toISOString())).toBeDefined();
      }),
    );
  });

  it.each(['2026-11-22T02:30:00', '2026-11-22T02:30:00+01:00', '2026-02-31T00:00:00Z', '2026-11-22', 'now', ''])(
    'refuses %j',
    (text) => expect(utcTimeSchema.safeParse(text).success).toBe(false),
  );
});
