import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backupIdSchema, formatBackupId, parseBackupId } from '../../../../core/model/backup-id.ts';
import { backupIdParts } from '../../../support/arbitraries.ts';

const scheduledFor = new Date('2026-11-22T02:30:00Z');

describe('backup ids', () => {
  it('are the scheduled time, the target and the tier', () => {
    expect(formatBackupId({ scheduledFor, target: 'graphiti-prod', tier: 'daily' })).toBe(
      '20261122T023000Z-graphiti-prod-daily',
    );
  });

  it('come back as the parts they were made from', () => {
    fc.assert(
      fc.property(backupIdParts, (parts) => {
        expect(parseBackupId(formatBackupId(parts))).toEqual(parts);
      }),
    );
  });

  it('differ wherever their parts do', () => {
    fc.assert(
      fc.property(backupIdParts, backupIdParts, (a, b) => {
        const isSame = a.target === b.target && a.tier === b.tier && +a.scheduledFor === +b.scheduledFor;
        expect(formatBackupId(a) === formatBackupId(b)).toBe(isSame);
      }),
    );
  });

  it.each([
    ['a-pre', 'pre-restore'],
    ['pre', 'pre-restore'],
    ['a-daily', 'weekly'],
    ['daily', 'daily'],
    ['pre-restore', 'manual'],
    ['a-', 'pre-restore'],
  ] as const)('keep target %s and tier %s apart', (target, tier) => {
    const parts = { scheduledFor, target, tier };
    expect(parseBackupId(formatBackupId(parts))).toEqual(parts);
  });

  it.each([
    '',
    'latest',
    '20261122T023000Z',
    '20261122T023000Z-daily',
    '20261122T023000Z--daily',
    '20261122T023000Z-a-hourly',
    '20261122T023000Z-a-restore',
    '20261122T023000Z-a-dailyx',
    '20261122T023000Z_a-daily',
    '20260231T023000Z-a-daily',
    '2026-11-22T02:30:00Z-a-daily',
    '20261122T023000Z-A-daily',
    '20261122T023000Z-a/b-daily',
    '20261122T023000Z-..-daily',
    `20261122T023000Z-${'a'.repeat(64)}-daily`,
    ' 20261122T023000Z-a-daily',
    '20261122T023000Z-a-daily\n',
  ])('are not %j', (text) => {
    expect(parseBackupId(text)).toBeUndefined();
    expect(backupIdSchema.safeParse(text).success).toBe(false);
  });

  it('are never seen in text that would not be written the same again', () => {
    fc.assert(
      fc.property(fc.string(), backupIdParts, fc.nat(), (noise, parts, place) => {
        const id = formatBackupId(parts);
        const at = place % (id.length + 1);
        const text = id.slice(0, at) + noise + id.slice(at);
        const parsed = parseBackupId(text);
        expect(parsed === undefined || formatBackupId(parsed) === text).toBe(true);
      }),
    );
  });
});
