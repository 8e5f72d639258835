import { beforeEach, describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import { findLastGood } from '../../../../lambdas/notify/last-good.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const NOW = new Date('2026-11-23T08:00:00Z');
const at = (day: number) => new Date(`2026-11-${day}T02:30:00Z`);

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

describe('findLastGood', () => {
  it('is the newest of all tiers, but not what a restore has put away, nor one of another target', async () => {
    await storeBackup(store, 'shop', 'weekly', at(19));
    const expected = await storeBackup(store, 'shop', 'manual', at(21));
    await storeBackup(store, 'shop', 'daily', at(20));
    await storeBackup(store, 'shop', 'pre-restore', at(22));
    await storeBackup(store, 'wiki', 'daily', at(22));
    expect(await findLastGood(store, 'shop', NOW)).toEqual({ kind: 'found', backupId: expected, at: at(21) });
  });

  it('is one that is all there', async () => {
    const expected = await storeBackup(store, 'shop', 'daily', at(20));
    const broken = await storeBackup(store, 'shop', 'daily', at(21));
    await store.delete(store.keys.find((key) => key.includes(broken) && key.includes('/dump')) ?? '');
    expect(await findLastGood(store, 'shop', NOW)).toMatchObject({ backupId: expected });
  });

  it('is none where there is none, which needs no look at records', async () => {
    await store.put('runs/shop/20261122T023000Z-a/requested.json', Buffer.from('{}'));
    expect(await findLastGood(store, 'shop', NOW)).toEqual({ kind: 'none' });
    expect(store.calls.filter((call) => call.includes('runs/') && !call.startsWith('put'))).toEqual([]);
  });

  it('is unknown where the store cannot be read, or does not answer', async () => {
    const denied = watched(store, async () => {
      throw new BackupError('store-denied', 'Access denied.');
    });
    expect(await findLastGood(denied, 'shop', NOW)).toEqual({
      kind: 'unknown',
      why: 'the store could not be read: Access denied.',
    });
    const silent = watched(store, () => new Promise<void>(() => {}));
    expect(await findLastGood(silent, 'shop', NOW, 20)).toEqual({
      kind: 'unknown',
      why: 'the store did not answer within 0.02 s',
    });
  });
});
