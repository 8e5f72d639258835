import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitManifest, findManifest, findManifestOrTombstone, listBackups } from '../../core/catalog/catalog.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { findOrphans, type Orphans, removeOrphans } from '../../core/catalog/orphans.ts';
import { recordRequested, recordVerdict } from '../../core/catalog/runs.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import { type Attempt, backupPrefix, dumpKey, manifestKey, stateKey, verdictPrefix } from '../../core/model/keys.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../core/model/manifest.ts';
import type { Verdict } from '../../core/model/run-record.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { readObject } from '../../core/store/small-object.ts';
import { exampleManifest } from '../support/example-manifest.ts';
import { pausable } from '../support/pausable-store.ts';
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
        expect(await findOrphans(committing, TARGET, new Date())).toMatchObject(NONE);
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

      const acquire = async (runId = '20270101T000000Z-next', ms = 0) => {
        const holder = { host: 'host-a', pid: 7, bootId: null, pidNamespace: null, startTicks: null };
        const request = { target: TARGET, runId, holder, isDead: () => false, now: () => later(ms) };
        const lease = await Lease.acquire(store, request);
        leases.push(lease);
        return lease;
      };
      const findAll = (now = new Date()) => findOrphans(store, TARGET, now);
      const remove = async (at: { ms?: number; orphans?: Orphans; from?: ObjectStore; signal?: AbortSignal } = {}) => {
        const { ms = 0, from = store, signal } = at;
        const orphans = at.orphans ?? (await findAll(later(ms)));
        const { removed, uploads, left } = await removeOrphans(from, orphans, {
          now: () => later(ms),
          ...(signal && { signal }),
        });
        const byKey = (a: string, b: string) => (a < b ? -1 : 1);
        return { removed: removed.map(({ key }) => key).sort(byKey), uploads: uploads.length, left };
      };
      const dataKeys = async () => (await keysOf(store)).filter((key) => !/^(locks|runs)\//.test(key));
      const FOLDER = backupPrefix(PARTS);
      const NOTHING_DONE = { removed: [], uploads: 0, left: [] };

      it('are none of a run that works again after it was given up once', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const lease = await acquire(RUN);
        expect(await find()).toEqual(NONE);
        await lease.release();
        expect(await find()).toEqual({ objects: data, uploads: [] });
      });

      it('beside a manifest exactly they are gone', async () => {
        await putData(PARTS, CLAIMED);
        await putAll([`${FOLDER}marks/x.json`, `${FOLDER}verified/x.json`]);
        await commit();
        await putData({ ...PARTS, target: 'shop-2' }, CLAIMED);
        await putData({ ...PARTS, tier: 'weekly' }, { ...CLAIMED, runId: '20261122T030000Z-under-way' });
        await conclude(OTHER_RUN.runId);
        const stays = await keysOf(store);
        const debris = await putData(PARTS, OTHER_RUN);
        await tested.leaveUpload(dumpKey(PARTS, OTHER_RUN, '.rdb'));
        const uploads = tested.knowsUploadKeys ? 1 : 0;
        expect(await remove()).toEqual({ removed: debris, uploads, left: [] });
        expect(await keysOf(store)).toEqual(stays);
        expect(await find()).toEqual(NONE);
      });

      it('without a manifest a tombstone stays in its place, for three days', async () => {
        await putData({ ...PARTS, tier: 'weekly' }, { ...CLAIMED, runId: '20261122T030000Z-under-way' });
        const stays = await dataKeys();
        const debris = [...(await putData(PARTS, CLAIMED)), ...(await putData(PARTS, RETRY))].toSorted();
        await conclude(RUN);
        expect(await remove()).toEqual({ removed: debris, uploads: 0, left: [] });
        expect(await dataKeys()).toEqual([manifestKey(PARTS), ...stays]);
        expect(await findManifestOrTombstone(store, PARTS)).toMatchObject({ tombstone: true });
        expect(await findManifest(store, PARTS)).toBeUndefined();
        expect(await listBackups(store)).toEqual([]);

        const early = await findAll(later(3 * DAY_MS - MINUTE_MS));
        expect(early).toMatchObject({ ...NONE, tombstones: [] });
        await remove({ ms: 3 * DAY_MS - MINUTE_MS });
        expect(await dataKeys()).toContain(manifestKey(PARTS));
        const late = await findAll(later(3 * DAY_MS + MINUTE_MS));
        // It is no orphan: nobody need hear of it.
        expect(late).toMatchObject({ uploads: [], tombstones: [{ key: manifestKey(PARTS) }] });
        expect(late.objects.map(({ key }) => key)).not.toContain(manifestKey(PARTS));
        await remove({ ms: 3 * DAY_MS + MINUTE_MS, orphans: { ...late, objects: [] } });
        expect(await dataKeys()).toEqual(stays);
      });

      it('a tombstone stays for as long as anything lies beside it, and while a run is at work', async () => {
        const debris = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const [first = ''] = debris;
        await remove();
        await store.put(first, text('from a run that woke up late'));
        const YEARS = { ms: YEARS_MS };
        expect((await findAll(later(YEARS_MS))).tombstones).toEqual([]);
        expect(await remove(YEARS)).toEqual({ removed: [first], uploads: 0, left: [] });
        expect(await dataKeys()).toEqual([manifestKey(PARTS)]);
        const lease = await acquire('20370101T000000Z-next', YEARS_MS);
        const left = [{ key: FOLDER, why: 'run 20370101T000000Z-next is at work' }];
        expect(await remove(YEARS)).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual([manifestKey(PARTS)]);
        await lease.release();
        await remove(YEARS);
        expect(await dataKeys()).toEqual([]);
      });

      it('sidecars without a manifest go with the last attempt, and not before', async () => {
        const sidecars = await putAll([`${FOLDER}marks/x.json`, `${FOLDER}verified/x.json`]);
        expect(await find()).toEqual(NONE);
        const young = await putData(PARTS, OTHER_RUN);
        const dead = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        expect(await find()).toEqual({ objects: dead, uploads: [] });
        expect((await remove()).removed).toEqual([]);
        await conclude(OTHER_RUN.runId);
        expect((await find()).objects.toSorted()).toEqual([...sidecars, ...young, ...dead].toSorted());
        expect((await remove()).removed).toEqual([...sidecars, ...young, ...dead].toSorted());
        expect(await dataKeys()).toEqual([manifestKey(PARTS)]);
      });

      it('sidecars alone go after three days', async () => {
        const sidecars = await putAll([`${FOLDER}marks/x.json`, `${FOLDER}verified/x.json`]);
        await remove({ ms: 3 * DAY_MS - MINUTE_MS });
        expect(await dataKeys()).toEqual(sidecars);
        expect((await remove({ ms: 3 * DAY_MS + MINUTE_MS })).removed).toEqual(sidecars);
      });

      it('nothing is, of a backup that another run may still make', async () => {
        const all = [...(await putData(PARTS, CLAIMED)), ...(await putData(PARTS, OTHER_RUN))].toSorted();
        await conclude(RUN);
        const left = [{ key: FOLDER, why: 'another run may still make this backup' }];
        expect(await remove()).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual(all);
      });

      it('nothing is, of a backup without a manifest, while any run is at work', async () => {
        const debris = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const orphans = await findAll();
        const lease = await acquire();
        const left = [{ key: FOLDER, why: 'run 20270101T000000Z-next is at work' }];
        // Not even a tombstone is put: that run would wait for its end.
        const unwritable = instead(store, { put: () => Promise.reject(new Error('put')) });
        expect(await remove({ orphans, from: unwritable })).toEqual({ removed: [], uploads: 0, left });
        // Expired by a little: its holder may only be slow, or its clock.
        expect(await remove({ orphans, ms: 5 * MINUTE_MS })).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual(debris);
        await lease.release();
        expect((await remove({ orphans })).removed).toEqual(debris);
      });

      it('beside a manifest they are, also while another run is at work', async () => {
        await putData(PARTS, CLAIMED);
        await commit();
        const debris = await putData(PARTS, OTHER_RUN);
        await conclude(OTHER_RUN.runId);
        const orphans = await findAll();
        const lease = await acquire(OTHER_RUN.runId);
        expect(await remove({ orphans })).toEqual(NOTHING_DONE);
        await lease.release();
        await acquire();
        expect((await remove({ orphans })).removed).toEqual(debris);
      });

      it('the tombstone is taken away again where a run began meanwhile, and nothing else is touched', async () => {
        const debris = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const starting = instead(store, {
          put: async (key, ...rest) => {
            if (key === manifestKey(PARTS)) await acquire();
            return store.put(key, ...rest);
          },
        });
        const left = [{ key: FOLDER, why: 'run 20270101T000000Z-next is at work' }];
        expect(await remove({ from: starting })).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual(debris);
        await commit();
      });

      it('the tombstone is not taken away by somebody who slept: others may have built on it', async () => {
        const debris = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const orphans = await findAll();
        let ms = 0;
        const sleeping = instead(store, {
          put: async (key, ...rest) => {
            const written = await store.put(key, ...rest);
            await acquire();
            ms = 2 * MINUTE_MS;
            return written;
          },
        });
        const { left } = await removeOrphans(sleeping, orphans, { now: () => later(ms) });
        expect(left).toHaveLength(1);
        expect(await dataKeys()).toEqual([...debris, manifestKey(PARTS)].toSorted());
      });

      it('only the own tombstone is taken away: not what somebody has put in its place', async () => {
        await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const overtaken = instead(store, {
          put: async (key, ...rest) => {
            const written = await store.put(key, ...rest);
            await acquire();
            await store.delete(key);
            await commit();
            return written;
          },
        });
        await remove({ from: overtaken });
        expect((await listBackups(store)).map(({ backupId }) => backupId)).toEqual([formatBackupId(PARTS)]);
      });

      it('nothing is, where the manifest was written after they were found', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const orphans = await findAll();
        await commit();
        expect((await remove({ orphans })).removed).toEqual([]);
        expect(await dataKeys()).toEqual([...data, manifestKey(PARTS)].toSorted());
      });

      it('nothing is, where the manifest was written at the last moment', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const committing = instead(store, {
          put: async (key, ...rest) => {
            if (key === manifestKey(PARTS)) await commit();
            return store.put(key, ...rest);
          },
        });
        const left = [{ key: FOLDER, why: 'its manifest has been written meanwhile' }];
        expect(await remove({ from: committing })).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual([...data, manifestKey(PARTS)].toSorted());
      });

      it('a commit that comes after them is refused, and the backup does not exist', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const sleeper = pausable(tested.openAnother(), 1);
        const late = commitManifest(sleeper.store, PARTS, exampleManifest({ target: TARGET }));
        await sleeper.reached;
        expect((await remove()).removed).toEqual(data);
        sleeper.resume();
        expect(await late).toBe(false);
        expect(await listBackups(store)).toEqual([]);
        expect(await dataKeys()).toEqual([manifestKey(PARTS)]);
      });

      it.each([0, 1, 2, 3])(
        'what is left, where it was interrupted after %i of them, goes the next time',
        async (count) => {
          const sidecars = await putAll([`${FOLDER}verified/x.json`]);
          const debris = [...(await putData(PARTS, CLAIMED)), ...(await putData(PARTS, RETRY)), ...sidecars].toSorted();
          await conclude(RUN);
          let removed = 0;
          const dying = instead(store, {
            delete: async (key) => {
              removed += 1;
              if (removed > count) throw new BackupError('store-unavailable', 'it went away');
              await store.delete(key);
            },
          });
          await refuses('store-unavailable', remove({ from: dying }));
          const rest = (await dataKeys()).filter((key) => key !== manifestKey(PARTS));
          expect(rest).toHaveLength(debris.length - count);
          expect(await commitManifest(store, PARTS, exampleManifest({ target: TARGET }))).toBe(false);
          expect((await find()).objects.toSorted()).toEqual(rest);
          // Whoever put the tombstone may be about to take it away again.
          const left = [{ key: FOLDER, why: 'another prune is at it, or was a few minutes ago' }];
          expect(await remove()).toEqual({ removed: [], uploads: 0, left });
          expect((await remove({ ms: 6 * MINUTE_MS })).removed).toEqual(rest);
          expect(await dataKeys()).toEqual([manifestKey(PARTS)]);
          expect(await remove({ ms: 6 * MINUTE_MS })).toEqual(NOTHING_DONE);
        },
      );

      it('what the store refuses to let go stays, and the rest goes', async () => {
        const [first = '', second = ''] = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const locked = instead(store, {
          delete: async (key) => {
            if (key === first) throw new BackupError('store-denied', `${key} is locked.`);
            await store.delete(key);
          },
        });
        const left = [{ key: first, why: `${first} is locked.` }];
        expect(await remove({ from: locked })).toEqual({ removed: [second], uploads: 0, left });
      });

      it('only what was found is, whatever has become one since', async () => {
        const found = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const orphans = await findAll();
        await putData({ ...PARTS, tier: 'weekly' }, CLAIMED);
        await putData(PARTS, RETRY);
        expect((await remove({ orphans })).removed).toEqual(found);
      });

      it('nothing more is, once the time is up', async () => {
        const data = await putData(PARTS, CLAIMED);
        await conclude(RUN);
        const left = [{ key: FOLDER, why: 'there was no time left' }];
        expect(await remove({ signal: AbortSignal.abort() })).toEqual({ removed: [], uploads: 0, left });
        expect(await dataKeys()).toEqual(data);
      });

      it('an upload whose key nobody knows goes too', async () => {
        await tested.leaveUpload(dumpKey(PARTS, CLAIMED, '.rdb.zst'));
        expect((await findAll(later(YEARS_MS))).uploads).toHaveLength(1);
        expect((await remove({ ms: YEARS_MS })).uploads).toBe(1);
        expect(await find(later(YEARS_MS))).toEqual(NONE);
      });

      it('no upload is of a run that works again', async () => {
        if (!tested.knowsUploadKeys) return;
        const key = dumpKey(PARTS, CLAIMED, '.rdb.zst');
        await tested.leaveUpload(key);
        await conclude(RUN);
        const orphans = await findAll();
        expect(orphans.uploads).toHaveLength(1);
        const lease = await acquire(RUN);
        const left = [{ key, why: `run ${RUN} is at work` }];
        expect(await remove({ orphans })).toEqual({ removed: [], uploads: 0, left });
        await lease.release();
        expect((await remove({ orphans })).uploads).toBe(1);
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
