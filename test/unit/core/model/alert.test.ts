import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, nextTelling } from '../../../../core/model/alert.ts';

const HOUR_MS = 3600 * 1000;
const GRACE_MS = HOUR_MS;
const START_MS = Date.UTC(2026, 10, 22);
const hour = (hours: number) => new Date(START_MS + hours * HOUR_MS);
const since = (hours: number, reminders = 0): Alert['overdue'] => ({
  since: hour(hours).toISOString(),
  reminders,
  after: null,
});
const look = (said: Alert['overdue'] | 'unknown', now: number, facts: { missed?: number; good?: number } = {}) =>
  nextTelling(said === 'unknown' ? said : { overdue: said, recoveredAt: null }, {
    overdueSince: facts.missed === undefined ? null : hour(facts.missed),
    goodAt: facts.good === undefined ? null : hour(facts.good),
    graceMs: GRACE_MS,
    now: hour(now),
  });

describe('what is told next', () => {
  it('is nothing where all is well', () =>
    expect(look(null, 5, { good: 4 })).toEqual({ tell: [], overdue: null, recoveredAt: null }));

  it('is as if nothing had been said of days that are still to come, where a clock was ahead', () => {
    expect(look(since(0, 40), 26, { missed: 0 })).toMatchObject({ tell: [], overdue: { reminders: 1 } });
    expect(look(since(0, 1), 50, { missed: 0 }).tell).toMatchObject([{ kind: 'reminder', day: 2 }]);
    // Set back by a day at the most, a clock repeats nothing.
    expect(look(since(0, 2), 26, { missed: 0 })).toMatchObject({ tell: [], overdue: { reminders: 2 } });
  });

  it('is a reminder after each whole day after the first was told, of several missed days one', () => {
    expect(look(since(0), 24.9, { missed: 0 })).toMatchObject({ tell: [], overdue: since(0) });
    const tell = [{ kind: 'reminder', since: hour(0), after: null, day: 1 }];
    expect(look(since(0), 25, { missed: 0 })).toMatchObject({ tell, overdue: since(0, 1) });
    expect(look(since(0, 1), 98, { missed: 0 }).tell).toEqual([{ ...tell[0], day: 4 }]);
  });

  it('begins on the day it is, where an outage is first seen late', () => {
    expect(look(null, 98, { missed: 0 })).toMatchObject({
      tell: [{ kind: 'overdue', since: hour(0), after: null, day: 4 }],
      overdue: since(0, 4),
    });
  });

  it('is nothing where it is neither overdue any more nor good again', () => {
    expect(look(since(5), 60, { good: 4 })).toMatchObject({ tell: [], overdue: since(5) });
  });

  it('is of today where nobody knows what was said', () => {
    expect(look('unknown', 2, { missed: 0 }).tell).toMatchObject([{ kind: 'overdue' }]);
    expect(look('unknown', 26, { missed: 0 }).tell).toMatchObject([{ kind: 'reminder', day: 1 }]);
    expect(look('unknown', 26, { good: 25 }).tell).toEqual([]);
  });

  it('pairs overdue and recovered, and reminds at most daily, whatever happens', () => {
    const step = fc.record({ hours: fc.integer({ min: -20, max: 40 }), isMade: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [said, now, latest, good] = [null as Alert['overdue'], 0, 0, 0];
        const told: string[] = [];
        for (const { hours, isMade } of steps) {
          // Set back by a day at the most.
          now = Math.max(0, latest - 24, now + hours);
          latest = Math.max(latest, now);
          if (isMade) good = now;
          const missed = now - good > 1 ? { missed: good + 1, good } : { good };
          const next = look(said, now, missed);
          told.push(...next.tell.map(({ kind, since, day }) => `${kind} ${since.getTime()} ${day}`));
          said = next.overdue;
        }
        expect(new Set(told.filter((text) => text.startsWith('reminder'))).size).toBe(
          told.filter((text) => text.startsWith('reminder')).length,
        );
        const kinds = told.map((text) => text.split(' ')[0]).filter((kind) => kind !== 'reminder');
        kinds.forEach((kind, index) => void expect(kind).toBe(index % 2 === 0 ? 'overdue' : 'recovered'));
      }),
    );
  });
});
