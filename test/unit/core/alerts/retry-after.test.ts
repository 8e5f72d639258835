import { expect, it } from 'vitest';
import { retryAfterMs } from '../../../../core/alerts/webhook/retry-after.ts';

const NOW = new Date('2026-11-22T02:30:00Z');

it.each([
  ['7', 7000],
  ['0', 0],
  ['Sun, 22 Nov 2026 02:30:20 GMT', 20_000],
  ['Sun, 22 Nov 2026 02:29:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['Someday, GMT', undefined],
  [undefined, undefined],
])('%j is %j ms', (header, expected) => expect(retryAfterMs(header, NOW)).toBe(expected));
