import { beforeEach, describe, expect, it } from 'vitest';
import {
  commitManifest,
  findManifest,
  findManifestOrTombstone,
  listBackups,
  newestOfTiers,
  readEntry,
  resolveBackup,
} from '../../../../core/catalog/catalog.ts';
import { formatBackupId } from '../../../../core/model/backup-id.ts';
import { manifestKey } from '../../../../core/model/keys.ts';
import { encodeTombstone, newTombstone } from '../../../../core/model/tombstone.ts';
import { exampleManifest } from '../../../support/example-manifest.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const TARGET = 'falkordb';
const NOW = new Date('2026-11-25T00:00:00Z');
const partsOn = (day: number) => ({
  target: TARGET,
  tier: 'daily' as const,
  scheduledFor: new Date(Date.UTC(2026, 10, day)),
});
const BACKUP = exampleManifest({ scheduledFor: partsOn(21).scheduledFor.toISOString() });
const ENTOMBED = partsOn(22);

describe('a tombstone in the place of a manifest', () => {
  let store: MemoryStore;
  const tombstone = newTombstone(NOW);
  beforeEach(async () => {
    store = new MemoryStore();
    await commitManifest(store, partsOn(21), BACKUP);
    await store.put(manifestKey(ENTOMBED), encodeTombstone(tombstone));
    store.calls.length = 0;
  });

  it('is no backup in a list, nor an unreadable one', async () => {
    expect((await listBackups(store)).map(({ backupId }) => backupId)).toEqual([BACKUP.backupId]);
    expect(await readEntry(store, ENTOMBED)).toBeUndefined();
  });

  it('is passed over where the newest is looked for', async () => {
    expect(await newestOfTiers(store, TARGET, ['daily'])).toEqual([BACKUP]);
    expect(await resolveBackup(store, TARGET, 'latest')).toEqual(BACKUP);
    expect(await resolveBackup(store, TARGET, 'latest:daily')).toEqual(BACKUP);
  });

  it('is not found where it is named', async () => {
    expect(await findManifest(store, ENTOMBED)).toBeUndefined();
    await expect(resolveBackup(store, TARGET, formatBackupId(ENTOMBED))).rejects.toMatchObject({
      code: 'backup-not-found',
    });
  });

  it('refuses the manifest, and is shown to whoever would make the backup, in one request', async () => {
    const late = exampleManifest({ scheduledFor: ENTOMBED.scheduledFor.toISOString() });
    expect(await commitManifest(store, ENTOMBED, late)).toBe(false);
    store.calls.length = 0;
    expect(await findManifestOrTombstone(store, ENTOMBED)).toEqual(tombstone);
    expect(store.calls).toHaveLength(1);
  });
});
