import type { Period } from './retention-rules.ts';

const DAY_MS = 24 * 3600 * 1000;

/** Tells which hour, day, week (from Monday, ISO 8601), month or year of a time zone's calendar a moment belongs to. */
export interface Calendar {
  periodOf(time: Date, period: Period): string;
}

/** @throws RangeError for a name that is no time zone */
export function createCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    // Two hours of the same name, one night a year, are two hours.
    timeZoneName: 'longOffset',
  });
  const periodOf = (time: Date, period: Period) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? '';
    const [year, month, day] = [part('year'), part('month'), part('day')];
    switch (period) {
      case 'year':
        return year;
      case 'month':
        return `${year}-${month}`;
      case 'week':
        return `the week of ${mondayOf(Date.UTC(Number(year), Number(month) - 1, Number(day)))}`;
      case 'day':
        return `${year}-${month}-${day}`;
      default:
        return `${year}-${month}-${day} ${part('hour')}h ${part('timeZoneName')}`;
    }
  };
  return { periodOf };
}

function mondayOf(midnight: number): string {
  const sinceMonday = (new Date(midnight).getUTCDay() + 6) % 7;
  return new Date(midnight - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}
