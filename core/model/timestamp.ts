import { z } from 'zod';

/** A moment as JSON holds it: ISO 8601 in UTC, `2026-11-22T02:30:00.000Z`. */
export const utcTimeSchema = z.iso.datetime({ offset: false });

/** `2026-11-22T02:30:00.000Z` -> `20261122T023000Z`: sorts by time as text, and needs no escaping in keys and paths. */
export function toCompactTimestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

const COMPACT = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** The inverse of `toCompactTimestamp`; undefined where the text is no such timestamp or names no real moment. */
export function fromCompactTimestamp(text: string): Date | undefined {
  const parts = COMPACT.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) || toCompactTimestamp(time) !== text ? undefined : time;
}
