import { beforeEach, expect, it } from 'vitest';
import { findCovering } from '../../../agent/covered.ts';
import { recordVerification } from '../../../core/catalog/verifications.ts';
import { parseBackupId } from '../../../core/model/backup-id.ts';
import type { Tier } from '../../../core/model/tiers.ts';
import { exampleManifest } from '../../support/example-manifest.ts';
import { exampleVerification } from '../../support/example-verification.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { storeBackup } from '../../support/stored-backups.ts';

const DUE = new Date('2026-12-01T04:00:00Z');
const DAY_MS = 24 * 3600 * 1000;
const LATER = '2026-12-01T04:00:07.000Z';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

const made = (tier: Tier, createdAt: string, scheduledFor = DUE, startedAt = scheduledFor) =>
  storeBackup(store, 'shop', tier, scheduledFor, {
    startedAt: startedAt.toISOString(),
    rdb: { ...exampleManifest().rdb, createdAt },
  });
const covering = async (tier: Tier, scheduledFor = DUE) =>
  (await findCovering(store, { target: 'shop', tier, scheduledFor }))?.backupId;

it.each([
  ['snapshot', 'monthly'],
  ['snapshot', 'weekly'],
  ['snapshot', 'daily'],
  ['daily', 'weekly'],
  ['weekly', 'monthly'],
] as const)('a %s is covered by a %s whose dump was taken since it was due', async (tier, larger) => {
  const backupId = await made(larger, LATER);
  expect(await covering(tier)).toBe(backupId);
});

it.each([
  ['monthly', 'snapshot'],
  ['monthly', 'weekly'],
  ['daily', 'daily'],
  ['snapshot', 'manual'],
  ['snapshot', 'pre-restore'],
  ['manual', 'monthly'],
  ['pre-restore', 'monthly'],
] as const)('a %s is never covered by a %s', async (tier, other) => {
  await made(other, LATER, new Date(DUE.getTime() - 1000));
  expect(await covering(tier)).toBeUndefined();
});

it('a dump of the very second counts, one of the second before does not', async () => {
  const backupId = await made('daily', '2026-12-01T04:00:00.000Z', DUE, new Date(DUE.getTime() + 1000));
  expect(await covering('snapshot')).toBe(backupId);
  expect(await covering('snapshot', new Date(DUE.getTime() + 999))).toBe(backupId);
  expect(await covering('snapshot', new Date(DUE.getTime() + 1000))).toBeUndefined();
});

it('one that was begun before covers nothing, however late the clock of its FalkorDB said it was', async () => {
  const weekly = new Date(DUE.getTime() - DAY_MS);
  await made('weekly', '2026-12-02T04:00:07.000Z', weekly);
  expect(await covering('daily')).toBeUndefined();
  await made('monthly', LATER, weekly, new Date(DUE.getTime() - 1));
  expect(await covering('daily')).toBeUndefined();
});

it('one that was due before, and begun since, covers', async () => {
  const backupId = await made('weekly', LATER, new Date(DUE.getTime() - DAY_MS), DUE);
  expect(await covering('daily')).toBe(backupId);
});

it('one that does not load covers nothing', async () => {
  const backupId = await made('monthly', LATER);
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error('no parts');
  await recordVerification(store, parts, { ...exampleVerification(), backupId, outcome: 'failed' });
  expect(await covering('snapshot')).toBeUndefined();
});
