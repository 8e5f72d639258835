import { beforeEach, describe, expect, it } from 'vitest';
import { commitManifest, listBackups, newestEntriesOfTiers } from '../../../../core/catalog/catalog.ts';
import { newestVerification, recordVerification } from '../../../../core/catalog/verifications.ts';
import { parseBackupId } from '../../../../core/model/backup-id.ts';
import { verificationKey } from '../../../../core/model/keys.ts';
import { exampleManifest } from '../../../support/example-manifest.ts';
import { exampleVerification } from '../../../support/example-verification.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const manifest = exampleManifest();
const parts = parseBackupId(manifest.backupId) ?? expect.unreachable();

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await commitManifest(store, parts, manifest);
});

const record = async (facts: Parameters<typeof exampleVerification>[0] = {}) => {
  const verification = exampleVerification(facts);
  await recordVerification(store, parts, verification);
  return verification;
};

describe('newestVerification', () => {
  it('is undefined before the first', async () => expect(await newestVerification(store, manifest)).toBeUndefined());

  it('is the last one by time, in whatever order they were written', async () => {
    const later = await record({ verifiedAt: '2026-11-24T00:00:00.000Z' });
    await record({ verifiedAt: '2026-11-23T00:00:00.000Z', outcome: 'failed' });
    expect(await newestVerification(store, manifest)).toEqual(later);
  });

  it('is the failed one of two in the same second', async () => {
    await record();
    const failed = await record({ outcome: 'failed' });
    expect(await newestVerification(store, manifest)).toEqual(failed);
    expect((await listBackups(store))[0]?.verified?.outcome).toBe('failed');
  });

  it('passes over those of another dump', async () => {
    const own = await record();
    await record({ verifiedAt: '2027-01-01T00:00:00.000Z', rdbSha256: 'f'.repeat(64) });
    expect(await newestVerification(store, manifest)).toEqual(own);
  });

  it('is never overwritten', async () => {
    const first = await record();
    await record({ loadSeconds: 99 });
    expect(await newestVerification(store, manifest)).toEqual(first);
  });

  it('names a record that cannot be read', async () => {
    const key = verificationKey(parts, new Date('2026-11-22T03:00:00Z'), 'loaded');
    store.overwrite(key, Buffer.from('{}'));
    await expect(newestVerification(store, manifest)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(key),
    });
  });
});

describe('the catalog', () => {
  it('tells the newest outcome without a request of its own', async () => {
    store.calls.length = 0;
    await listBackups(store, { target: 'falkordb' });
    const before = store.calls.splice(0);
    await record();
    await record({ verifiedAt: '2026-11-25T00:00:00.000Z', outcome: 'failed' });
    store.calls.length = 0;
    const [entry] = await listBackups(store, { target: 'falkordb' });
    expect(entry?.verified).toEqual({ at: '2026-11-25T00:00:00.000Z', outcome: 'failed' });
    expect(store.calls).toEqual(before);
    const [newest] = await newestEntriesOfTiers(store, 'falkordb', ['daily']);
    expect(newest).toEqual({ manifest, verified: entry?.verified });
  });

  it('says null of a backup that was never loaded, and does not take another one for it', async () => {
    const other = exampleManifest({ scheduledFor: '2026-11-23T02:30:00.000Z' });
    const otherParts = parseBackupId(other.backupId) ?? expect.unreachable();
    await commitManifest(store, otherParts, other);
    await recordVerification(store, otherParts, exampleVerification({ backupId: other.backupId }));
    expect((await listBackups(store)).map(({ verified }) => verified?.outcome ?? null)).toEqual([null, 'loaded']);
  });

  it('lists no backup that is nothing but a verification', async () => {
    const gone = parseBackupId('20250101T000000Z-falkordb-daily') ?? expect.unreachable();
    await recordVerification(store, gone, exampleVerification({ backupId: '20250101T000000Z-falkordb-daily' }));
    expect((await listBackups(store)).map(({ backupId }) => backupId)).toEqual([manifest.backupId]);
  });
});
