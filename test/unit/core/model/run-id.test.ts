import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRunId, runIdSchema } from '../../../../core/model/run-id.ts';
import { wholeSeconds } from '../../../support/arbitraries.ts';

const isRunId = (text: string) => runIdSchema.safeParse(text).success;

describe('run ids', () => {
  it('that are new are valid and start with their time', () => {
    fc.assert(
      fc.property(wholeSeconds, (now) => {
        expect(isRunId(newRunId(now))).toBe(true);
      }),
    );
    expect(newRunId(new Date('2026-11-22T02:30:00Z'))).toMatch(/^20261122T023000Z-[0-9a-f]{8}$/);
  });

  it('that are new are all different', () => {
    const now = new Date('2026-11-22T02:30:00Z');
    expect(new Set(Array.from({ length: 100 }, () => newRunId(now))).size).toBe(100);
  });

  it.each(['20261122T023000Z-a', '20261122T023000Z-daily-2', `20261122T023000Z-${'a'.repeat(40)}`])(
    'may be %j',
    (text) => expect(isRunId(text)).toBe(true),
  );

  it.each([
    '',
    '20261122T023000Z',
    '20261122T023000Z-',
    '20261122T023000Z--a',
    '20260231T023000Z-a',
    '20261122T023000Z-A',
    '20261122T023000Z-a/b',
    '20261122T023000Z-a.b',
    '20261122T023000Z-a\n',
    `20261122T023000Z-${'a'.repeat(41)}`,
  ])('are not %j', (text) => expect(isRunId(text)).toBe(false));
});
