import { describe, expect, it } from 'vitest';
import { overdueSince, type ScheduleFacts } from '../../../../core/model/schedule-due.ts';

/** Due at every full hour; the clock of these tests shows minutes. */
const at = (minutes: number) => new Date(minutes * 60_000);
const firstDueAfter = (time: Date) => at(Math.floor(time.getTime() / 3_600_000) * 60 + 60);
const since = (facts: Partial<ScheduleFacts>) =>
  overdueSince({ lastDue: at(300), goodAt: null, watchedSince: at(0), firstDueAfter, ...facts });

describe('overdueSince', () => {
  it('is the first time that was missed, however many were', () => {
    expect(since({ goodAt: at(60) })).toEqual(at(120));
    expect(since({ goodAt: at(61) })).toEqual(at(120));
    expect(since({ goodAt: at(299) })).toEqual(at(300));
  });

  it('is null where a good one is as new as the last that was due', () => {
    expect(since({ goodAt: at(300) })).toBeNull();
    expect(since({ goodAt: at(400) })).toBeNull();
  });

  it('counts from where it was first watched, where there never was one', () => {
    expect(since({ watchedSince: at(130) })).toEqual(at(180));
    expect(since({ watchedSince: at(300) })).toBeNull();
    expect(since({ watchedSince: at(350) })).toBeNull();
  });

  it('counts from where it was first watched, where the last good one is older', () => {
    expect(since({ goodAt: at(60), watchedSince: at(400) })).toBeNull();
    expect(since({ goodAt: at(60), watchedSince: at(130) })).toEqual(at(180));
    expect(since({ goodAt: at(60), watchedSince: null })).toEqual(at(120));
  });

  it('is the last time that was due where nothing is known', () => {
    expect(since({ watchedSince: null })).toEqual(at(300));
  });

  it('is null where it was never due', () => expect(since({ lastDue: null, watchedSince: null })).toBeNull());
});
