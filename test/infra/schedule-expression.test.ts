import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SCHEDULES } from '../../core/model/tiers.ts';
import { shortestGapMinutes, toPlainCron, toScheduleExpression } from '../../infra/schedule-expression.ts';

describe('a cron expression, for EventBridge Scheduler', () => {
  it.each([
    [DEFAULT_SCHEDULES.monthly, 'cron(0 4 1 * ? *)'],
    [DEFAULT_SCHEDULES.weekly, 'cron(0 3 ? * SUN *)'],
    [DEFAULT_SCHEDULES.daily, 'cron(30 2 * * ? *)'],
    [DEFAULT_SCHEDULES.snapshot, 'cron(0 0,4,8,12,16,20 * * ? *)'],
    ['*/15 * * * *', 'cron(0,15,30,45 * * * ? *)'],
    ['5/20 9-17/4 * * *', 'cron(5,25,45 9,13,17 * * ? *)'],
    ['0 3 * * 7', 'cron(0 3 ? * SUN *)'],
    ['0 3 * * 1-5', 'cron(0 3 ? * MON,TUE,WED,THU,FRI *)'],
    ['0 3 * * mon,FRI', 'cron(0 3 ? * MON,FRI *)'],
    ['0 3 * * 5-7', 'cron(0 3 ? * SUN,FRI,SAT *)'],
    ['0 3 * * 0-7', 'cron(0 3 * * ? *)'],
    ['0 3 * * */2', 'cron(0 3 ? * SUN,TUE,THU,SAT *)'],
    ['0 3 1,15 jan,7 *', 'cron(0 3 1,15 1,7 ? *)'],
    ['0 3 29 2 *', 'cron(0 3 29 2 ? *)'],
    ['  0  3 31 1,4 * ', 'cron(0 3 31 1,4 ? *)'],
  ])('%s is %s', (cron, expected) => expect(toScheduleExpression(cron)).toBe(expected));

  it.each([
    ['', 'is no cron expression: it has five fields'],
    ['0 2 * *', 'is no cron expression: it has five fields'],
    ['0 0 2 * * *', 'is no cron expression: it has five fields'],
    ['@daily', 'is no cron expression: it has five fields'],
    ['60 2 * * *', '"60" is no minute: it is 0 to 59'],
    ['0 24 * * *', '"24" is no hour: it is 0 to 23'],
    ['0 2 0 * *', '"0" is no day of the month: it is 1 to 31'],
    ['0 2 * 13 *', '"13" is no month: it is 1 to 12'],
    ['0 2 * FOO *', '"FOO" is no month'],
    ['0 2 * * 8', '"8" is no day of the week: it is 0 to 7'],
    ['0 2 L * *', '"L" is no day of the month'],
    ['0 2 ? * 1', '"?" is no day of the month'],
    ['0 2 * * 1#2', '"1#2" is no day of the week'],
    ['*/0 2 * * *', '"*/0" is no minute'],
    ['5-1 2 * * *', '"5-1" is no minute'],
    ['*-5 2 * * *', '"*-5" is no minute'],
    ['1,,2 2 * * *', '"" is no minute'],
    ['-1 2 * * *', '"-1" is no minute'],
    ['1.5 2 * * *', '"1.5" is no minute'],
    ['0 2 1 * 1', 'names both a day of the month and a day of the week'],
    ['0 2 31 2,4 *', 'is never due'],
  ])('%j is refused: %s', (cron, message) => {
    expect(() => toScheduleExpression(cron)).toThrow(RangeError);
    expect(() => toScheduleExpression(cron)).toThrow(message);
  });

  it('is due when the original is', () => {
    const value = (min: number, max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min, max }).map(String),
        fc.integer({ min: 2, max: 7 }).map((step) => `*/${step}`),
        fc
          .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
          .map((pair) => pair.toSorted((a, b) => a - b).join('-')),
        fc.array(fc.integer({ min, max }), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
      );
    const days = fc.oneof(
      value(1, 28).map((day) => [day, '*']),
      value(0, 6).map((weekday) => ['*', weekday]),
    );
    fc.assert(
      fc.property(value(0, 59), value(0, 23), days, value(1, 12), (minute, hour, [day, weekday], month) => {
        const cron = `${minute} ${hour} ${day} ${month} ${weekday}`;
        const [, fields = ''] = /^cron\((.*) \*\)$/.exec(toScheduleExpression(cron)) ?? [];
        const due = (expression: string) => new Cron(expression, { timezone: 'UTC' }).nextRuns(20, new Date(0));
        // Of what Scheduler has otherwise: names of days, and "?" for "the other kind of day says it".
        expect(due(fields.replaceAll('?', '*'))).toEqual(due(cron));
        expect(due(toPlainCron(cron))).toEqual(due(cron));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    // None of these three does croner take as they are.
    ['5/20 * * * *', '5,25,45 * * * *'],
    ['*/70 * * * *', '0 * * * *'],
    ['0 3/50 * * *', '0 3 * * *'],
    ['0 3 * jan,7 SUN,7', '0 3 * 1,7 0'],
    ['30 0-23 1-31 1-12 0-7', '30 * * * *'],
  ])('%s is plainly %s', (cron, plain) => {
    expect(toPlainCron(cron)).toBe(plain);
    expect(() => new Cron(plain, { mode: '5-part' })).not.toThrow();
  });

  it.each([
    ['30 2 * * *', 60],
    ['0 */4 * * *', 60],
    ['*/15 * * * *', 15],
    ['5,50 * * * *', 15],
    ['* * * * *', 1],
  ])('%s is due at least %i minutes after the last time', (cron, minutes) =>
    expect(shortestGapMinutes(cron)).toBe(minutes),
  );
});
