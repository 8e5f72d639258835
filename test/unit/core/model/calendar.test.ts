import { describe, expect, it } from 'vitest';
import { createCalendar } from '../../../../core/model/calendar.ts';

const at = (time: string) => new Date(`${time}Z`);

describe('createCalendar', () => {
  const utc = createCalendar('UTC');
  const berlin = createCalendar('Europe/Berlin');

  it('tells the periods of a moment', () => {
    const time = at('2026-11-22T02:30:00');
    expect(utc.periodOf(time, 'year')).toBe('2026');
    expect(utc.periodOf(time, 'month')).toBe('2026-11');
    expect(utc.periodOf(time, 'day')).toBe('2026-11-22');
    expect(utc.periodOf(time, 'week')).toBe('the week of 2026-11-16');
  });

  it('begins weeks on Monday, also over the end of a year', () => {
    expect(utc.periodOf(at('2026-11-23T00:00:00'), 'week')).toBe('the week of 2026-11-23');
    expect(utc.periodOf(at('2027-01-01T00:00:00'), 'week')).toBe(utc.periodOf(at('2026-12-31T00:00:00'), 'week'));
  });

  it('goes by the days of its time zone, as they are there in summer and in winter', () => {
    expect(berlin.periodOf(at('2026-11-21T23:30:00'), 'day')).toBe('2026-11-22');
    expect(berlin.periodOf(at('2026-07-21T22:30:00'), 'day')).toBe('2026-07-22');
    expect(berlin.periodOf(at('2026-07-21T21:30:00'), 'day')).toBe('2026-07-21');
  });

  it('knows the hour that comes twice for two', () => {
    const [first, second] = [at('2026-10-25T00:30:00'), at('2026-10-25T01:30:00')];
    expect(berlin.periodOf(first, 'hour')).not.toBe(berlin.periodOf(second, 'hour'));
    expect(berlin.periodOf(first, 'day')).toBe(berlin.periodOf(second, 'day'));
  });

  it('refuses what is no time zone', () => expect(() => createCalendar('Europe/Nowhere')).toThrow(RangeError));
});
