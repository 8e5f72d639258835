import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitManifest } from '../../core/catalog/catalog.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { findOrphans, removeOrphans } from '../../core/catalog/orphans.ts';
import { recordRequested, recordVerdict } from '../../core/catalog/runs.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import { type Attempt, backupPrefix, dumpKey, manifestKey, stateKey, verdictPrefix } from '../../core/model/keys.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../core/model/manifest.ts';
import type { Verdict } from '../../core/model/run-record.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { readObject } from '../../core/store/small-object.ts';
import { exampleManifest } from '../support/example-manifest.ts';
import { keysOf, text } from './object-helpers.ts';
import { refuses, type StoreUnderTest } from './object-store.ts';

export interface StoreWithUploads extends StoreUnderTest {
  /** Leaves behind what a process does that was killed in the middle of a put. */
  leaveUpload(key: string): Promise<void>;
  /** Whether its unfinished uploads tell their keys. */
  knowsUploadKeys: boolean;
}

const TARGET = 'shop';
const SCHEDULED = new Date('2026-11-22T02:30:00Z');
const PARTS: BackupIdParts = { target: TARGET, tier: 'daily', scheduledFor: SCHEDULED };
/** Of the manifest of `exampleManifest`. */
const RUN = '20261122T023000Z-run';
const CLAIMED: Attempt = { runId: RUN, attempt: '0a1b2c3d' };
const RETRY: Attempt = { runId: RUN, attempt: 'ffffffff' };
const OTHER_RUN: Attempt = { runId: '20261122T024500Z-other', attempt: '0a1b2c3d' };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;
const YEARS_MS = 10 * 365 * DAY_MS;
const later = (ms: number) => new Date(Date.now() + ms);

/** What is debris, and what never is, on every store. Nothing waits: a later look has a later `now`. */
export function orphansConformance(name: string, makeStore: () => Promise<StoreWithUploads>): void {
  describe(`orphans on ${name}`, () => {
    let tested: StoreWithUploads;
    let store: ObjectStore;
    beforeEach(async () => {
      tested = await makeStore();
      store = tested.store;
    });
    afterEach(() => tested.cleanUp());

    const putAll = async (keys: string[]) => {
      for (const key of keys) await store.put(key, text('x'));
      return keys;
    };
    /** In the order in which they list. */
    const putData = (parts: BackupIdParts, attempt: Attempt) =>
      putAll([dumpKey(parts, attempt, '.rdb.zst'), stateKey(parts, attempt)]);
    const conclude = (runId: string, verdict: Verdict['verdict'] = 'failed', target = TARGET) =>
      recordVerdict(store, {
        schemaVersion: 1,
        runId,
        target,
        verdict,
        endedAt: '2026-11-22T02:31:00.000Z',
        reason: null,
        failure: null,
        steps: [],
      });
    const commit = async (manifest: Manifest = exampleManifest({ target: TARGET })) =>
      expect(await commitManifest(store, PARTS, manifest)).toBe(true);
    const find = async (now = new Date(), target = TARGET) => {
      const { objects, uploads } = await findOrphans(store, target, now);
      return { objects: objects.map(({ key }) => key), uploads: uploads.map(({ key }) => key) };
    };
    const NONE = { objects: [], uploads: [] };

    it('are none in an empty store', async () => {
      expect(await find(later(YEARS_MS))).toEqual(NONE);
    });

    describe('of a backup without a manifest', () => {
      it.each<Verdict['verdict']>(['failed', 'skipped', 'completed'])(
        'are the data of a run that has ended, as %s',
        async (verdict) => {
          const data = await putData(PARTS, CLAIMED);
          await conclude(RUN, verdict);
          expect(await find()).toEqual({ objects: data, uploads: [] });
        },
      );

      it('are no data of a young run without a verdict', async () => {
        await putData(PARTS, CLAIMED);
        await recordRequested(store, {
          schemaVersion: 1,
          runId: RUN,
          target: TARGET,
          verb: 'backup',
          backupId: formatBackupId(PARTS),
          requestedAt: '2026-11-22T02:30:00.000Z',
        });
        expect(await find()).toEqual(NONE);
        expect(await find(later(3 * DAY_MS - MINUTE_MS))).toEqual(NONE);
      });

      it('are the data of a run without a verdict, after three days', async () => {
        const data = await putData(PARTS, CLAIMED);
        expect(await find(later(3 * DAY_MS + MINUTE_MS))).toEqual({ objects: data, uploads: [] });
      });

      it('are the data of the run that has ended, and not of the one whose id begins the same', async () => {
        const ended = await putData(PARTS, { ...CLAIMED, runId: RUN });
        await putData(PARTS, { ...CLAIMED, runId: `${RUN}-2` });
        await conclude(RUN);
        expect(await find()).toEqual({ objects: ended, uploads: [] });
      });

      it('are none by the verdict of a run of the same id on another target', async () => {
        await putData(PARTS, CLAIMED);
        await conclude(RUN, 'failed', 'shop-2');
        expect(await find()).toEqual(NONE);
      });

      it('are in every tier', async () => {
        const tiers = ['monthly', 'weekly', 'daily', 'snapshot', 'manual', 'pre-restore'] as const;
        const data = await Promise.all(tiers.map((tier) => putData({ ...PARTS, tier }, CLAIMED)));
        await conclude(RUN);
        expect((await find()).objects.toSorted()).toEqual(data.flat().toSorted());
      });
    });

    describe('beside a manifest', () => {
      const attempts = [
        ['another attempt of the same run', RETRY],
        ['another run', OTHER_RUN],
      ] as const;

      it.each(attempts)('are the data of %s, once that run has ended', async (_, attempt) => {
        await putData(PARTS, CLAIMED);
        await commit();
        const debris = await putData(PARTS, attempt);
        expect(await find()).toEqual(NONE);
        await conclude(attempt.runId);
        expect(await find()).toEqual({ objects: debris, uploads: [] });
      });

      it.each(attempts)('are the data of %s, after three days', async (_, attempt) => {
        await putData(PARTS, CLAIMED);
        await commit();
        const debris = await putData(PARTS, attempt);
        expect(await find(later(3 * DAY_MS - MINUTE_MS))).toEqual(NONE);
        expect(await find(later(3 * DAY_MS + MINUTE_MS))).toEqual({ objects: debris, uploads: [] });
      });

      it('are never the manifest, its own folder, and its sidecars, whatever the verdict, also years later', async () => {
        await putData(PARTS, CLAIMED);
        await putAll([`${backupPrefix(PARTS)}pin.json`, `${backupPrefix(PARTS)}verified/x.json`]);
        await commit();
        await conclude(RUN);
        expect(await find(later(YEARS_MS))).toEqual(NONE);
        // So that the manifest is looked into, and not only seen to be there.
        const debris = await putData(PARTS, OTHER_RUN);
        expect(await find(later(YEARS_MS))).toEqual({ objects: debris, uploads: [] });
      });

      it('are never what the manifest names, even where that is in two folders', async () => {
        await putAll([dumpKey(PARTS, CLAIMED, '.rdb.zst'), stateKey(PARTS, RETRY)]);
        const debris = await putData(PARTS, OTHER_RUN);
        const manifest = exampleManifest({ target: TARGET });
        await commit({ ...manifest, state: { ...manifest.state, key: stateKey(PARTS, RETRY) } });
        await conclude(RUN);
        expect(await find(later(YEARS_MS))).toEqual({ objects: debris, uploads: [] });
      });

      it.each([
        ['empty', () => ''],
        ['damaged', (json: string) => json.slice(0, -10)],
        ['of a newer schema', (json: string) => json.replace('"schemaVersion": 1', '"schemaVersion": 2')],
        ['that of another backup', (json: string) => json.replaceAll('-shop-daily', '-shop-weekly')],
      ])('are none where the manifest is %s', async (_, damage) => {
        await putData(PARTS, CLAIMED);
        await putData(PARTS, OTHER_RUN);
        const json = new TextDecoder().decode(encodeManifest(exampleManifest({ target: TARGET })));
        await store.put(manifestKey(PARTS), text(damage(json)));
        const { bytes } = await readObject(store, manifestKey(PARTS));
        expect(() => {
          if (decodeManifest(bytes, 'it').backupId !== formatBackupId(PARTS)) throw new Error('of another backup');
        }).toThrow();
        await conclude(RUN);
        await conclude(OTHER_RUN.runId);
        // The other backups are seen through all the same.
        const debris = await putData({ ...PARTS, tier: 'weekly' }, CLAIMED);
        expect(await find(later(YEARS_MS))).toEqual({ objects: debris, uploads: [] });
      });

      it('are none that a run committed while they were looked for', async () => {
        await putData(PARTS, CLAIMED);
        const committing = instead(store, {
          async *list(prefix, options) {
            // After the backup's objects were listed, and before anybody asks whether its run has ended.
            if (prefix === verdictPrefix(TARGET, RUN)) {
              await commit();
              await conclude(RUN, 'completed');
            }
            yield* store.list(prefix, options);
          },
        });
        expect(await findOrphans(committing, TARGET, new Date())).toEqual(NONE);
        expect(await keysOf(store, manifestKey(PARTS))).toEqual([manifestKey(PARTS)]);
      });
    });

    it('are nothing whose folder is that of another target or tier: somebody copied it there', async () => {
      const folder = `daily/${TARGET}/${formatBackupId({ ...PARTS, target: 'shop-old' })}/`;
      await putAll([`${folder}manifest.json`, `${folder}${RUN}.0a1b2c3d/dump.rdb.zst`]);
      await putAll([`weekly/${TARGET}/${formatBackupId(PARTS)}/${RUN}.0a1b2c3d/dump.rdb.zst`]);
      await putAll([`daily/${TARGET}/notes.txt`, `daily/${TARGET}/notes/2026.txt/x`]);
      await conclude(RUN);
      expect(await find(later(YEARS_MS))).toEqual(NONE);
    });

    it.each([
      ['shop', 'shop-2'],
      ['shop-2', 'shop'],
    ])('of %s are never those of %s', async (target, other) => {
      for (const name of [target, other]) {
        await putData({ ...PARTS, target: name }, CLAIMED);
        await tested.leaveUpload(dumpKey({ ...PARTS, target: name }, RETRY, '.rdb.zst'));
        await conclude(RUN, 'failed', name);
      }
      const found = await find(undefined, target);
      expect(found.objects).toEqual([
        dumpKey({ ...PARTS, target }, CLAIMED, '.rdb.zst'),
        stateKey({ ...PARTS, target }, CLAIMED),
      ]);
      expect(found.uploads).toEqual(tested.knowsUploadKeys ? [dumpKey({ ...PARTS, target }, RETRY, '.rdb.zst')] : []);
    });

    describe('among unfinished uploads', () => {
      const key = dumpKey(PARTS, CLAIMED, '.rdb.zst');
      const shown = () => (tested.knowsUploadKeys ? key : null);
      beforeEach(() => tested.leaveUpload(key));

      it('are no fresh ones', async () => {
        expect(await find()).toEqual(NONE);
        expect(await find(later(3 * DAY_MS - MINUTE_MS))).toEqual(NONE);
      });

      it('are those of three days, each once', async () => {
        expect(await find(later(3 * DAY_MS + MINUTE_MS))).toEqual({ objects: [], uploads: [shown()] });
      });

      it('are those of a run that has ended, where the store tells their keys', async () => {
        await conclude(RUN);
        expect(await find()).toEqual({ objects: [], uploads: tested.knowsUploadKeys ? [key] : [] });
      });

      it('are those beside a manifest too', async () => {
        await putData(PARTS, CLAIMED);
        await commit();
        expect(await find(later(YEARS_MS))).toEqual({ objects: [], uploads: [shown()] });
      });
    });

    describe('when they are removed', () => {
      let leases: Lease[];
      beforeEach(() => {
        leases = [];
      });
      afterEach(async () => void (await Promise.all(leases.map((lease) => lease.release()))));

      const acquire = async (runId = '20270101T000000Z-prune', now = () => new Date()) => {
        const holder = { host: 'host-a', pid: 7, bootId: null, pidNamespace: null, startTicks: null };
        const lease = await Lease.acquire(store, { target: TARGET, runId, holder, isDead: () => false, now });
        leases.push(lease);
        return lease;
      };
      /** Two objects and an upload that go, among much that stays. */
      const fill = async () => {
        await putData(PARTS, CLAIMED);
        await putAll([`${backupPrefix(PARTS)}pin.json`, `${backupPrefix(PARTS)}verified/x.json`]);
        await commit();
        await putData({ ...PARTS, target: 'shop-2' }, CLAIMED);
        await putData({ ...PARTS, tier: 'weekly' }, { ...CLAIMED, runId: '20261122T030000Z-under-way' });
        await conclude(OTHER_RUN.runId);
        const stays = await keysOf(store);
        const debris = await putData(PARTS, OTHER_RUN);
        if (tested.knowsUploadKeys) await tested.leaveUpload(dumpKey(PARTS, OTHER_RUN, '.rdb'));
        return { stays, debris };
      };
      const withoutLease = async () => (await keysOf(store)).filter((key) => !key.startsWith('locks/'));

      it('are none of a run that works again after it was given up once', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const lease = await acquire(RUN);
        expect(await find()).toEqual(NONE);
        await lease.release();
        expect(await find()).toEqual({ objects: data, uploads: [] });
      });

      it('exactly they are gone', async () => {
        const { stays, debris } = await fill();
        const lease = await acquire();
        const orphans = await findOrphans(store, TARGET, new Date());
        expect(orphans.objects.map(({ key }) => key)).toEqual(debris);
        expect(orphans.uploads).toHaveLength(tested.knowsUploadKeys ? 1 : 0);
        await removeOrphans(store, orphans, lease);
        expect(await withoutLease()).toEqual(stays);
        expect(await find()).toEqual(NONE);
      });

      it('an upload whose key nobody knows goes too', async () => {
        await tested.leaveUpload(dumpKey(PARTS, CLAIMED, '.rdb.zst'));
        const old = await findOrphans(store, TARGET, later(YEARS_MS));
        expect(old.uploads).toHaveLength(1);
        await removeOrphans(store, old, await acquire());
        expect(await find(later(YEARS_MS))).toEqual(NONE);
      });

      const takeOver = () => acquire('20270101T000000Z-next', () => later(DAY_MS));

      it.each([0, 1])('nothing more is, once the lease was taken over after %i of them', async (removals) => {
        const { stays, debris } = await fill();
        const lease = await acquire();
        const orphans = await findOrphans(store, TARGET, new Date());
        let removed = 0;
        const interrupted = instead(store, {
          delete: async (key) => {
            await store.delete(key);
            removed += 1;
            if (removed === removals) await takeOver();
          },
        });
        if (removals === 0) await takeOver();
        const error = await refuses('lease-lost', removeOrphans(interrupted, orphans, lease));
        expect(error.message).toContain('20270101T000000Z-next');
        expect(await withoutLease()).toEqual([...stays, ...debris.slice(removals)].toSorted());
        expect((await find()).uploads).toHaveLength(orphans.uploads.length);
      });

      it('no upload is, once the lease was taken over', async () => {
        await tested.leaveUpload(dumpKey(PARTS, CLAIMED, '.rdb.zst'));
        const old = await findOrphans(store, TARGET, later(YEARS_MS));
        const lease = await acquire();
        await takeOver();
        await refuses('lease-lost', removeOrphans(store, old, lease));
        expect((await find(later(YEARS_MS))).uploads).toHaveLength(1);
      });
    });
  });
}

/** The store, but for what is given. */
function instead(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return {
    url: store.url,
    put: (...args) => store.put(...args),
    get: (...args) => store.get(...args),
    head: (...args) => store.head(...args),
    list: (...args) => store.list(...args),
    delete: (...args) => store.delete(...args),
    listUploads: (...args) => store.listUploads(...args),
    abortUpload: (...args) => store.abortUpload(...args),
    ...methods,
  };
}
