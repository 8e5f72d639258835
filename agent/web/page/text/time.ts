import prettyMilliseconds from 'pretty-ms';

/** `2026-11-22T02:30:00Z` */
export function utcText(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** `3h ago`, `in 3h`, or `now` within a second. @param now by the server's clock, in milliseconds */
export function ageText(time: string, now: number): string {
  const ms = now - Date.parse(time);
  if (Math.abs(ms) < 1000) return 'now';
  const length = prettyMilliseconds(Math.abs(ms), { compact: true });
  return ms < 0 ? `in ${length}` : `${length} ago`;
}

/** One for all: making it takes longer than a hundred times of using it. */
const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** As the clock on the wall of whoever looks shows it, with its zone. */
export function localText(time: string): string {
  return `${LOCAL.format(new Date(time))} (local time)`;
}

/** `1.2s`, `3m 20s` */
export function secondsText(seconds: number): string {
  if (seconds === 0) return '0s';
  return prettyMilliseconds(seconds * 1000, { unitCount: 2 });
}

const COMPACT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/;

/** When the backup of this id was due, ISO 8601; undefined where the text begins with no time. */
export function timeInId(id: string): string | undefined {
  const [, year, month, day, hour, minute, second] = COMPACT.exec(id) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
}

/** `20261122T`, with which the ids of all backups of that day begin. @param day `2026-11-22` */
export function idPrefixOfDay(day: string): string {
  return `${day.replaceAll('-', '')}T`;
}
