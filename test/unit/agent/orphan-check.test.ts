import { beforeEach, describe, expect, it } from 'vitest';
import { checkOrphans } from '../../../agent/doctor/orphan-check.ts';
import { findOrphans, removeOrphans } from '../../../core/catalog/orphans.ts';
import { dumpKey, manifestKey, runKey } from '../../../core/model/keys.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const TARGET = 'shop';
const PARTS = { target: TARGET, tier: 'daily' as const, scheduledFor: new Date('2026-11-22T02:30:00Z') };
const RUN = '20261122T023000Z-run';
const NONE = { level: 'ok', message: 'no run has left anything behind' };
const later = (days: number) => new Date(Date.now() + days * 24 * 3600 * 1000);

describe('what doctor says of left-overs', () => {
  let store: MemoryStore;
  beforeEach(async () => {
    store = new MemoryStore();
    await store.put(dumpKey(PARTS, { runId: RUN, attempt: '00000000' }, '.rdb'), Buffer.from('12345'));
  });

  it('names them once their run has ended', async () => {
    expect(await checkOrphans(store, TARGET, new Date())).toMatchObject(NONE);
    await store.put(runKey(TARGET, RUN, 'verdict-1'), Buffer.from('{}'));
    expect(await checkOrphans(store, TARGET, new Date())).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(
        /^1 objects \(5 B\) and 0 unfinished uploads belong to no backup: daily\/shop\/.*rdb$/,
      ),
    });
  });

  it('is nothing, after they were removed: of their tombstone nobody need hear, however old', async () => {
    await removeOrphans(store, await findOrphans(store, TARGET, later(4)), { now: () => later(4) });
    expect(store.keys).toEqual([manifestKey(PARTS)]);
    for (const days of [0, 1, 4, 400]) expect(await checkOrphans(store, TARGET, later(days))).toMatchObject(NONE);
  });
});
