import { z } from 'zod';

const isoTime = z.iso.datetime({ offset: true });

/**
 * A moment as people and scripts write it: ISO 8601 with its zone, also as `date` prints it (`2026-01-01 02:30:00+0000`,
 * `... UTC`). Undefined for any other text, one without a zone among it: nobody can tell whose clock that was.
 */
export function parseZonedTime(text: string): Date | undefined {
  const normalized = text
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/ ?(?:UTC|GMT)$/, 'Z')
    .replace(/ ?([+-]\d\d):?(\d\d)$/, '$1:$2');
  return isoTime.safeParse(normalized).success ? new Date(normalized) : undefined;
}

/** The same, or seconds or milliseconds since 1970. */
export function parseScriptTime(value: unknown): Date | undefined {
  if (typeof value === 'number') return fromEpoch(value);
  if (typeof value !== 'string') return undefined;
  return /^(?:\d{10}|\d{13})$/.test(value.trim()) ? fromEpoch(Number(value)) : parseZonedTime(value);
}

/** By their size: seconds have ten digits from 2001 to 2286, and milliseconds thirteen. `20260101023000` is neither. */
function fromEpoch(value: number): Date | undefined {
  if (value >= 1e9 && value < 1e10) return new Date(value * 1000);
  return value >= 1e12 && value < 1e13 ? new Date(value) : undefined;
}
