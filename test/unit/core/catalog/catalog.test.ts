import { beforeEach, describe, expect, it } from 'vitest';
import {
  commitManifest,
  findManifest,
  listBackups,
  newest,
  newestOfTiers,
  resolveBackup,
} from '../../../../core/catalog/catalog.ts';
import { type BackupIdParts, formatBackupId } from '../../../../core/model/backup-id.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { manifestKey } from '../../../../core/model/keys.ts';
import { encodeManifest, type Manifest } from '../../../../core/model/manifest.ts';
import { TIERS } from '../../../../core/model/tiers.ts';
import { exampleManifest, type ManifestFacts } from '../../../support/example-manifest.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

describe('commitManifest', () => {
  it('makes the backup exist', async () => {
    const manifest = await commit();
    expect(await findManifest(store, partsOf(manifest))).toEqual(manifest);
  });

  it('returns false for a backup that exists, and leaves it as it was', async () => {
    const manifest = await commit();
    expect(await commitManifest(store, partsOf(manifest), { ...manifest, keys: 99 })).toBe(false);
    expect(await findManifest(store, partsOf(manifest))).toEqual(manifest);
  });

  it('is what findManifest waits for', async () => {
    expect(await findManifest(store, partsOf(exampleManifest()))).toBeUndefined();
  });
});

describe('listBackups', () => {
  it('goes by scheduled time over all tiers and targets', async () => {
    await commit({ tier: 'daily', scheduledFor: '2026-11-22T02:30:00.000Z' });
    await commit({ tier: 'monthly', scheduledFor: '2026-11-01T04:00:00.000Z' });
    await commit({ tier: 'pre-restore', target: 'other', scheduledFor: '2026-11-23T00:00:00.000Z' });
    await commit({ tier: 'manual', scheduledFor: '2025-01-01T00:00:00.000Z' });
    expect((await listBackups(store)).map(({ backupId }) => backupId)).toEqual([
      '20250101T000000Z-falkordb-manual',
      '20261101T040000Z-falkordb-monthly',
      '20261122T023000Z-falkordb-daily',
      '20261123T000000Z-other-pre-restore',
    ]);
  });

  it('filters by target and tier, exactly', async () => {
    await commit({ target: 'prod' });
    await commit({ target: 'prod', tier: 'weekly' });
    await commit({ target: 'prod-2' });
    const ids = async (filter: Parameters<typeof listBackups>[1]) =>
      (await listBackups(store, filter)).map(({ backupId }) => backupId.slice(17));
    expect(await ids({ target: 'prod' })).toEqual(['prod-weekly', 'prod-daily']);
    expect(await ids({ target: 'prod', tier: 'daily' })).toEqual(['prod-daily']);
    expect((await ids({ tier: 'daily' })).toSorted()).toEqual(['prod-2-daily', 'prod-daily']);
    expect(await ids({ target: 'pro' })).toEqual([]);
  });

  it('shows an unreadable manifest as such, and the others as they are', async () => {
    const good = await commit({ scheduledFor: '2026-11-21T02:30:00.000Z' });
    const bad = await commit();
    store.overwrite(manifestKey(partsOf(bad)), Buffer.from('{"schemaVersion":'));
    const [first, second] = await listBackups(store);
    expect(first?.content).toEqual({ manifest: good });
    expect(second).toMatchObject({
      backupId: bad.backupId,
      key: manifestKey(partsOf(bad)),
      content: { error: { code: 'unreadable-manifest' } },
    });
  });

  it('takes nothing else for a backup', async () => {
    await store.put(
      'daily/falkordb/20261122T023000Z-falkordb-daily/20261122T023000Z-run/dump.rdb.zst',
      Buffer.from('x'),
    );
    await store.put('daily/falkordb/20261122T023000Z-falkordb-weekly/manifest.json', encodeManifest(exampleManifest()));
    await store.put('daily/notes.txt', Buffer.from('x'));
    expect(await listBackups(store)).toEqual([]);
  });

  it('fails where the store does, instead of leaving backups out', async () => {
    await commit();
    store.get = () => Promise.reject(new BackupError('store-unavailable', 'away'));
    await expect(listBackups(store)).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('leaves out a backup that is removed while it looks', async () => {
    const key = manifestKey(partsOf(await commit()));
    const list = store.list.bind(store);
    store.list = async function* (prefix, options) {
      yield* list(prefix, options);
      await store.delete(key);
    };
    expect(await listBackups(store)).toEqual([]);
  });
});

describe('resolveBackup', () => {
  it('takes a backup id, of any target', async () => {
    const manifest = await commit({ target: 'other', tier: 'pre-restore' });
    expect(await resolveBackup(store, 'falkordb', manifest.backupId)).toEqual(manifest);
  });

  it('takes the newest dump for latest, by the moment it was taken', async () => {
    await commit({ tier: 'daily', scheduledFor: '2026-11-22T02:30:00.000Z' });
    const late = { scheduledFor: '2026-11-22T00:00:00.000Z', createdAt: '2026-11-22T05:00:00.000Z' };
    const newestDump = await commit({ tier: 'snapshot', ...late });
    await commit({ target: 'other', scheduledFor: '2026-12-01T00:00:00.000Z' });
    expect(await resolveBackup(store, 'falkordb', 'latest')).toEqual(newestDump);
  });

  it('takes a safety backup of a restore only where it is named', async () => {
    const usual = await commit({ tier: 'daily', scheduledFor: '2026-11-22T02:30:00.000Z' });
    const safety = await commit({ tier: 'pre-restore', scheduledFor: '2026-11-23T02:30:00.000Z' });
    expect(await resolveBackup(store, 'falkordb', 'latest')).toEqual(usual);
    expect(await resolveBackup(store, 'falkordb', 'latest:pre-restore')).toEqual(safety);
  });

  it('takes latest:<tier> within the tier', async () => {
    await commit({ tier: 'daily', scheduledFor: '2026-11-22T02:30:00.000Z' });
    const weekly = await commit({ tier: 'weekly', scheduledFor: '2026-11-15T03:00:00.000Z' });
    expect(await resolveBackup(store, 'falkordb', 'latest:weekly')).toEqual(weekly);
  });

  it('returns the newest readable one for latest, but refuses an unreadable one that is named', async () => {
    const readable = await commit({ scheduledFor: '2026-11-21T02:30:00.000Z' });
    const bad = await commit();
    store.overwrite(manifestKey(partsOf(bad)), Buffer.alloc(0));
    expect(await resolveBackup(store, 'falkordb', 'latest')).toEqual(readable);
    await expect(resolveBackup(store, 'falkordb', bad.backupId)).rejects.toMatchObject({
      code: 'unreadable-manifest',
      message: expect.stringContaining('it is empty'),
    });
  });

  it.each(['latest', 'latest:daily', '20261122T023000Z-falkordb-daily'])(
    'throws backup-not-found where %s does not exist, naming the target and the store',
    async (reference) => {
      await commit({ target: 'other' });
      const error = { code: 'backup-not-found', message: expect.stringContaining(`"${reference}" of target falkordb`) };
      await expect(resolveBackup(store, 'falkordb', reference)).rejects.toMatchObject(error);
      await expect(resolveBackup(store, 'falkordb', reference)).rejects.toThrow(store.url);
    },
  );

  it.each([
    '',
    'newest',
    'latest:',
    'latest:hourly',
    'latest:daily:',
    'latest:daily:1',
    'Latest',
    ' latest',
    '20260231T000000Z-falkordb-daily',
    '../x',
  ])('refuses %j, and says what it takes', async (reference) => {
    await expect(resolveBackup(store, 'falkordb', reference)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(`"${reference}"`),
      hint: expect.stringContaining('"latest:<tier>"'),
    });
    expect(store.calls).toEqual([]);
  });
});

describe('newestOfTiers', () => {
  it('reads one manifest a tier, however many there are', async () => {
    for (let number = 0; number < 3000; number += 1) {
      const scheduledFor = new Date(Date.UTC(2026, 0, 1) + number * 3_600_000);
      const tier = number % 2 ? 'daily' : 'snapshot';
      await store.put(manifestKey({ target: 'falkordb', tier, scheduledFor }), Buffer.from('an older one'));
    }
    const daily = await commit({ tier: 'daily', scheduledFor: '2027-01-01T00:00:00.000Z' });
    const snapshot = await commit({ tier: 'snapshot', scheduledFor: '2027-01-02T00:00:00.000Z' });
    store.calls.length = 0;
    expect(await newestOfTiers(store, 'falkordb', TIERS)).toEqual([daily, snapshot]);
    expect(store.calls.filter((call) => call.startsWith('get'))).toHaveLength(2);
    expect(store.calls.filter((call) => call.startsWith('list'))).toHaveLength(TIERS.length);
  });

  it('goes back past unreadable ones, and no further', async () => {
    const good = await commit({ scheduledFor: '2026-11-20T02:30:00.000Z' });
    await commit({ scheduledFor: '2026-11-19T02:30:00.000Z' });
    for (const scheduledFor of ['2026-11-21T02:30:00.000Z', '2026-11-22T02:30:00.000Z']) {
      store.overwrite(manifestKey(partsOf(exampleManifest({ scheduledFor }))), Buffer.from('?'));
    }
    store.calls.length = 0;
    expect(await newestOfTiers(store, 'falkordb', ['daily'])).toEqual([good]);
    expect(store.calls.filter((call) => call.startsWith('get'))).toHaveLength(3);
  });
});

describe('newest', () => {
  it('goes by the moment the dump was taken, not by when it was due', () => {
    const a = exampleManifest({ scheduledFor: '2026-11-22T00:00:00.000Z', createdAt: '2026-11-22T06:00:00.000Z' });
    const b = exampleManifest({ scheduledFor: '2026-11-22T05:00:00.000Z' });
    expect(newest([a, b])).toBe(a);
    expect(newest([b, a])).toBe(a);
    expect(newest([])).toBeUndefined();
  });

  it('goes by the end of the run where two dumps have the same time stamp', () => {
    const early = exampleManifest();
    const late = { ...exampleManifest({ tier: 'manual' }), completedAt: '2026-11-22T02:30:00.500Z' };
    expect(newest([early, late])).toBe(late);
    expect(newest([late, early])).toBe(late);
  });
});

async function commit(facts: ManifestFacts = {}): Promise<Manifest> {
  const manifest = exampleManifest(facts);
  expect(formatBackupId(partsOf(manifest))).toBe(manifest.backupId);
  expect(await commitManifest(store, partsOf(manifest), manifest)).toBe(true);
  return manifest;
}

function partsOf({ target, tier, scheduledFor }: Manifest): BackupIdParts {
  return { target, tier, scheduledFor: new Date(scheduledFor) };
}
