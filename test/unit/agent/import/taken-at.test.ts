import { describe, expect, test } from 'vitest';
import { chooseTakenAt, stampOf } from '../../../../agent/import/taken-at.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const at = (text: string) => new Date(`2026-11-22T${text}Z`);
const NOTHING = { given: undefined, noted: undefined, stamped: undefined };
const choose = (sources: Partial<typeof NOTHING | Record<keyof typeof NOTHING, Date>>) =>
  chooseTakenAt({ ...NOTHING, ...sources }, 'old.rdb', NOW);

describe('when a dump was taken', () => {
  test('the user knows best, then what is noted beside it, then the dump', () => {
    const [given, noted, stamped] = [at('02:30:00'), at('02:31:00'), at('02:32:00')];
    expect(choose({ given, noted, stamped })).toEqual({ takenAt: given, warnings: [] });
    expect(choose({ noted, stamped })).toEqual({ takenAt: noted, warnings: [] });
    expect(choose({ stamped })).toEqual({ takenAt: stamped, warnings: [] });
    expect(choose({ noted })).toEqual({ takenAt: noted, warnings: [] });
  });

  test('is warned about where the dump says another time, by more than five minutes', () => {
    expect(choose({ noted: at('02:30:00'), stamped: at('02:35:00') }).warnings).toEqual([]);
    expect(choose({ noted: at('02:30:00'), stamped: at('02:35:01') }).warnings).toEqual([
      'By its .meta it was taken at 2026-11-22T02:30:00Z, by the dump itself at 2026-11-22T02:35:01Z.',
    ]);
    expect(choose({ given: at('03:30:00'), stamped: at('02:30:00') }).warnings).toEqual([
      'By --taken-at it was taken at 2026-11-22T03:30:00Z, by the dump itself at 2026-11-22T02:30:00Z.',
    ]);
  });

  test('is refused where nobody says it', () => {
    expect(() => choose({})).toThrow(/old\.rdb does not say when it was taken/);
  });

  test('is refused where it is yet to come, by more than clocks differ where a clock says so', () => {
    expect(() => choose({ given: at('12:00:01') })).toThrow(/was not taken yet: --taken-at says 2026-11-22T12:00:01Z/);
    expect(choose({ stamped: at('12:04:00') }).takenAt).toEqual(at('12:04:00'));
    expect(() => choose({ stamped: at('12:05:01') })).toThrow(/was not taken yet: the dump itself says/);
    expect(() => choose({ noted: at('13:00:00') })).toThrow(/was not taken yet: its \.meta says/);
  });

  test.each([
    ['1795314600', new Date(1795314600_000)],
    ['0', undefined],
    ['-5', undefined],
    ['', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('a dump with the time %j says %j', (ctime, expected) => {
    const aux = new Map(ctime === undefined ? [] : [['ctime', ctime]]);
    expect(stampOf({ version: 12, aux })).toEqual(expected);
  });
});
