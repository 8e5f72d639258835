import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatFields,
  formatSeconds,
  formatTable,
  formatTime,
  formatVerified,
} from '../../../../agent/cli/format.ts';

const now = new Date('2026-11-22T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [18_430_000, '18.4 MB'],
    [2_000_000_000_000, '2 TB'],
  ])('shows %i', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatAge', () => {
  it.each([
    [59, '59s ago'],
    [3600 * 3 + 59, '3h ago'],
    [86_400 * 40, '40d ago'],
    [-3600 * 3, 'in 3h'],
  ])('shows what was %i seconds before', (seconds, text) => expect(formatAge(ago(seconds), now)).toBe(text));
});

describe('formatTime', () => {
  it('shows UTC, whole seconds and the age', () => {
    expect(formatTime(new Date('2026-11-22T09:00:00.999Z'), now)).toBe('2026-11-22T09:00:00Z (2h ago)');
  });
});

describe('formatSeconds', () => {
  it.each([
    [0.25, '250ms'],
    [1.5, '1.5s'],
    [3725, '1h 2m 5s'],
  ])('shows %d', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});

describe('formatTable', () => {
  it('sets columns below each other, without blanks at the ends of lines', () => {
    const table = formatTable(['BACKUP', 'SIZE'], [['a-long-one', '1 B'], ['b', ''], ['c']]);
    expect(table).toBe('BACKUP      SIZE\na-long-one  1 B\nb\nc');
  });

  it('is its header where there are no rows', () => expect(formatTable(['A', 'B'], [])).toBe('A  B'));
});

describe('formatFields', () => {
  it('sets values below each other', () => {
    expect(
      formatFields([
        ['a', '1'],
        ['longer', '2'],
      ]),
    ).toBe('a:       1\nlonger:  2');
  });
});

describe('formatVerified', () => {
  it.each([
    [null, '-'],
    [{ at: ago(3 * 3600).toISOString(), outcome: 'loaded' as const }, 'loaded 3h ago'],
    [{ at: ago(60).toISOString(), outcome: 'failed' as const }, 'FAILED 1m ago'],
  ])('shows %j', (verified, text) => expect(formatVerified(verified, now)).toBe(text));
});
