import { describe, expect, it } from 'vitest';
import { decodeRetention, RETENTION_SETTINGS } from '../../../../core/model/retention-settings.ts';
import { SETTINGS } from '../../../../core/model/settings.ts';
import { DEFAULT_POLICY } from '../../../support/retainables.ts';

describe('decodeRetention', () => {
  it('takes the defaults where nothing is set, or nothing but blanks', () => {
    const expected = { policy: DEFAULT_POLICY, keepRuns: { amount: 400, unit: 'd' } };
    expect(decodeRetention({})).toEqual(expected);
    expect(decodeRetention(Object.fromEntries(RETENTION_SETTINGS.map((name) => [SETTINGS[name].env, ''])))).toEqual(
      expected,
    );
  });

  it('takes each setting for what it is named', () => {
    const { policy, keepRuns } = decodeRetention({
      BACKUP_RETENTION_DAYS: '1',
      BACKUP_RETENTION_WEEKLY: '2',
      BACKUP_RETENTION_MONTHLY: '3',
      BACKUP_RETENTION_SNAPSHOT: 'last 4',
      BACKUP_RETENTION_MANUAL: 'last 5',
      BACKUP_RETENTION_PRE_RESTORE: 'last 6',
      BACKUP_RETENTION_MINIMUM: '7',
      BACKUP_RETENTION_RUNS_DAYS: '8',
      BACKUP_RETENTION_TIME_ZONE: 'Europe/Berlin',
    });
    const all = (amount: number, unit: string) => [{ kind: 'all', youngerThan: { amount, unit } }];
    const last = (count: number) => [{ kind: 'last', count }];
    expect(policy.tiers).toEqual({
      daily: all(1, 'd'),
      weekly: all(2, 'w'),
      monthly: all(3, 'mo'),
      snapshot: last(4),
      manual: last(5),
      'pre-restore': last(6),
    });
    expect(policy).toMatchObject({ minimumGood: 7, timeZone: 'Europe/Berlin' });
    expect(keepRuns).toEqual({ amount: 8, unit: 'd' });
  });

  it('names all that is wrong at once', () => {
    expect(() =>
      decodeRetention({
        BACKUP_RETENTION_DAYS: '0',
        BACKUP_RETENTION_MANUAL: 'all 0d',
        BACKUP_RETENTION_TIME_ZONE: 'Here',
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'invalid-settings',
        message: expect.stringMatching(
          /DAYS must be at least 1 \(it is "0"\); BACKUP_RETENTION_MANUAL .*; BACKUP_RETENTION_TIME_ZONE must be/,
        ),
      }),
    );
  });

  it('knows every setting of retention', () => {
    const named = Object.keys(SETTINGS).filter((name) => name.startsWith('retention'));
    expect([...RETENTION_SETTINGS].sort()).toEqual(named.sort());
  });
});
