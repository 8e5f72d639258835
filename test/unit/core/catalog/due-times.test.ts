import { describe, expect, it } from 'vitest';
import { dueTimes } from '../../../../core/catalog/due-times.ts';

const at = (text: string) => new Date(`${text}Z`);

describe('the times of a schedule', () => {
  const due = dueTimes('0 */4 * * *', 'UTC');

  it('are before and after a time, never at it', () => {
    expect(due.lastBefore(at('2026-11-22T08:00:00'))).toEqual(at('2026-11-22T04:00:00'));
    expect(due.lastBefore(at('2026-11-22T08:00:00.001'))).toEqual(at('2026-11-22T08:00:00'));
    expect(due.firstAfter(at('2026-11-22T08:00:00'))).toEqual(at('2026-11-22T12:00:00'));
    expect(due.firstAfter(at('2026-11-22T07:59:59.999'))).toEqual(at('2026-11-22T08:00:00'));
  });

  // EventBridge Scheduler skips a local time that does not exist, and runs once where one comes twice; in which of the two
  // hours is not said, so the first is assumed. https://repost.aws/knowledge-center/eventbridge-scheduler-adjust-dst
  describe('on the days on which clocks change', () => {
    const local = dueTimes('30 2 * * *', 'Europe/Berlin');
    const often = dueTimes('0,20,40 * * * *', 'Europe/Berlin');

    it('are none where the local time does not exist', () => {
      expect(local.firstAfter(at('2026-03-28T01:30:00'))).toEqual(at('2026-03-30T00:30:00'));
      expect(local.lastBefore(at('2026-03-30T00:30:00'))).toEqual(at('2026-03-28T01:30:00'));
      expect(local.lastBefore(at('2026-03-29T05:00:00'))).toEqual(at('2026-03-28T01:30:00'));
      expect(often.firstAfter(at('2026-03-29T00:40:00'))).toEqual(at('2026-03-29T01:00:00'));
    });

    it('are once where the local time comes twice', () => {
      expect(local.firstAfter(at('2026-10-24T00:30:00'))).toEqual(at('2026-10-25T00:30:00'));
      expect(local.firstAfter(at('2026-10-25T00:30:00'))).toEqual(at('2026-10-26T01:30:00'));
      expect(often.firstAfter(at('2026-10-25T00:40:00'))).toEqual(at('2026-10-25T02:00:00'));
      expect(often.lastBefore(at('2026-10-25T01:59:00'))).toEqual(at('2026-10-25T00:40:00'));
      const island = dueTimes('45 * * * *', 'Australia/Lord_Howe');
      expect(island.firstAfter(at('2026-04-04T14:45:00'))).toEqual(at('2026-04-04T16:15:00'));
    });
  });

  it('are none of a day that does not exist', () => {
    const never = dueTimes('0 0 30 2 *', 'UTC');
    expect(never.lastBefore(at('2026-11-22T00:00:00'))).toBeNull();
    expect(never.firstAfter(at('2026-11-22T00:00:00'))).toBeNull();
  });

  it.each([
    ['', 'UTC'],
    ['* * * *', 'UTC'],
    ['0 30 2 * * *', 'UTC'],
    ['61 * * * *', 'UTC'],
    ['@daily of sorts', 'UTC'],
    ['0 0 * * *', 'Nowhere/City'],
  ])('are refused of "%s" in %s', (schedule, timeZone) => {
    expect(() => dueTimes(schedule, timeZone)).toThrow(expect.objectContaining({ code: 'invalid-settings' }));
  });
});
