import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBackups } from '../../core/catalog/catalog.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { applyPrune, type PruneRequest, planPrune } from '../../core/catalog/prune.ts';
import { recordRequested, recordVerdict } from '../../core/catalog/runs.ts';
import { recordVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import { manifestKey, marksPrefix, runKey } from '../../core/model/keys.ts';
import type { Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { EXAMPLE_GRAPH, SHA_OF_NOTHING } from '../support/example-manifest.ts';
import { DEFAULT_POLICY, scheduledOn } from '../support/retainables.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { watched } from '../support/watched-store.ts';
import { keysOf } from './object-helpers.ts';
import type { StoreUnderTest } from './object-store.ts';

const TARGET = 'shop';
const NOW = new Date('2026-11-23T05:00:00Z');
const DAY_MS = 24 * 3600 * 1000;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
const partsOf = (backupId: string) => {
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error(backupId);
  return parts;
};

export interface PruneConformance {
  /** Days to live through at the default schedules, pruned each day. */
  days: number;
  /** What is left of each tier then. */
  left: Record<'snapshot' | 'daily' | 'weekly' | 'monthly', number>;
}

export function pruneConformance(name: string, makeStore: () => Promise<StoreUnderTest>, life: PruneConformance): void {
  describe(`prune on ${name}`, () => {
    let tested: StoreUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      tested = await makeStore();
      store = tested.store;
    });
    afterEach(() => tested.cleanUp());

    const request = (now = NOW): PruneRequest => ({
      target: TARGET,
      policy: { ...DEFAULT_POLICY, minimumGood: 1 },
      keepRuns: { amount: 400, unit: 'd' },
      now,
    });
    const backup = (days: number, tier: Tier = 'daily', target = TARGET) =>
      storeBackup(store, target, tier, daysAgo(days));
    const options = (now = NOW) => ({ now: () => now, signal: new AbortController().signal, onRemoved: () => {} });
    const prune = async (now = NOW) => applyPrune(store, await planPrune(store, request(now)), options(now));
    const ids = async (target = TARGET) => (await listBackups(store, { target })).map(({ backupId }) => backupId);
    const dataOf = (backupId: string) => keysOf(store, `daily/${TARGET}/${backupId}/`);

    it('removes all of what is past, nothing else, and nothing before it is told to', async () => {
      const [old, young] = [await backup(31), await backup(29)];
      await backup(400, 'daily', 'other');
      const before = await keysOf(store, '');
      const plan = await planPrune(store, request());
      expect(await keysOf(store, '')).toEqual(before);
      expect(await applyPrune(store, plan, options())).toMatchObject({ removed: [old], refused: [], spared: [] });
      expect(await keysOf(store, '')).toEqual(before.filter((key) => !key.startsWith(`daily/${TARGET}/${old}/`)));
      expect(await ids()).toEqual([young]);
    });

    it('spares what is pinned, and lets it go again', async () => {
      const [pinned] = [await backup(40), await backup(1)];
      await addMark(store, partsOf(pinned), { mark: 'pinned', by: 'me', note: 'mine', now: NOW });
      expect((await prune()).removed).toEqual([]);
      await addMark(store, partsOf(pinned), { mark: 'unpinned', by: 'me', note: null, now: NOW });
      expect((await prune()).removed).toEqual([pinned]);
    });

    it('spares what was pinned, or taken up by a restore into whatever target, since the plan was made', async () => {
      const [pinned, restored, gone] = [await backup(60), await backup(50), await backup(40)];
      await backup(1);
      const plan = await planPrune(store, request());
      await addMark(store, partsOf(pinned), { mark: 'pinned', by: 'me', note: null, now: NOW });
      await startRestore(restored, 'staging');
      const result = await applyPrune(store, plan, options());
      expect(result.removed).toEqual([gone]);
      expect(result.spared.toSorted()).toEqual([pinned, restored]);
    });

    it('brings back what was pinned in the very moment in which it went', async () => {
      const [old] = [await backup(40), await backup(1)];
      const pinning = wrapping(store, async (key) => {
        if (key !== manifestKey(partsOf(old))) return;
        await addMark(store, partsOf(old), { mark: 'pinned', by: 'me', note: null, now: NOW });
      });
      const result = await applyPrune(pinning, await planPrune(pinning, request()), options());
      expect(result).toMatchObject({ removed: [], spared: [old] });
      expect(await ids()).toContain(old);
      expect(await dataOf(old)).toHaveLength(4);
    });

    it('spares what is being restored until that run has its verdict', async () => {
      const [restored] = [await backup(40), await backup(1)];
      const run = await startRestore(restored, 'staging');
      expect((await prune()).removed).toEqual([]);
      const at = NOW.toISOString();
      await recordVerdict(store, { ...run, verdict: 'completed', endedAt: at, reason: null, failure: null, steps: [] });
      expect((await prune()).removed).toEqual([restored]);
    });

    it('does not let a backup that failed to load, or whose manifest is damaged, stand for the last good one', async () => {
      const [good, failed, unreadable] = [await backup(60), await backup(50), await backup(1)];
      await failToLoad(failed);
      await store.delete(manifestKey(partsOf(unreadable)));
      await store.put(manifestKey(partsOf(unreadable)), new TextEncoder().encode('{'), { ifAbsent: true });
      expect((await prune()).removed).toEqual([failed]);
      expect(await ids()).toEqual([good, unreadable]);
    });

    it('does not let a backup without its dump, or with half of one, stand for the last good one', async () => {
      const [gone, good, lost, cut] = [await backup(70), await backup(60), await backup(50), await backup(1)];
      await store.delete(await dumpOf(lost));
      await store.put(await dumpOf(cut), new Uint8Array(0));
      const plan = await planPrune(store, request());
      expect(plan.decisions.map(({ keep }) => keep)).toEqual([false, true, true, true]);
      expect(plan.decisions[3]).toMatchObject({ reason: 'its dump is missing: look at it' });
      expect((await applyPrune(store, plan, options())).removed).toEqual([gone]);
      expect(await ids()).toEqual([good, lost, cut]);
    });

    it('keeps what can be read where all have failed to load', async () => {
      const all = [await backup(50), await backup(40)];
      for (const backupId of all) await failToLoad(backupId);
      expect((await prune()).removed).toEqual([all[0]]);
    });

    it('spares what is pinned at the last moment: nothing comes between that look and the delete', async () => {
      const [old] = [await backup(40), await backup(1)];
      const plan = await planPrune(store, request());
      const late = watched(store, async (call, prefix) => {
        if (call !== 'list' || prefix !== marksPrefix(partsOf(old))) return;
        await addMark(store, partsOf(old), { mark: 'pinned', by: 'me', note: null, now: NOW });
      });
      expect((await applyPrune(late, plan, options())).spared).toEqual([old]);
      await addMark(store, partsOf(old), { mark: 'unpinned', by: 'me', note: null, now: NOW });
      const calls: string[] = [];
      const seen = watched(store, async (call, key) => void calls.push(`${call} ${key}`));
      expect((await applyPrune(seen, plan, options())).removed).toEqual([old]);
      const deleted = calls.indexOf(`delete ${manifestKey(partsOf(old))}`);
      expect(calls[deleted - 1]).toBe(`list ${marksPrefix(partsOf(old))}`);
    });

    it.each([
      ['of a newer schema', (backupId: string) => ({ schemaVersion: 9, verb: 'restore', backupId, more: {} })],
      ['with a verb nobody knows', (backupId: string) => ({ verb: 'restore-graph', backupId })],
    ])('spares what a record %s says is being restored, and nothing else', async (_, record) => {
      const [gone, restored] = [await backup(50), await backup(40), await backup(1)];
      await putRequest('staging', JSON.stringify(record(restored)));
      expect((await prune()).removed).toEqual([gone]);
    });

    it.each(['{"schemaVersion": 1, "verb": "rest', 'null', '[]', '{"verb": "restore"}', ''])(
      'removes nothing of a target with an open run of which it says only %j, and all the same of others',
      async (text) => {
        const [old] = [await backup(40), await backup(1)];
        await putRequest('staging', text);
        expect((await prune()).removed).toEqual([old]);
        await backup(39);
        await putRequest(TARGET, text);
        const plan = await planPrune(store, request());
        expect(plan.decisions[0]).toMatchObject({ keep: true, reason: expect.stringContaining('cannot be read') });
        expect((await prune()).removed).toEqual([]);
      },
    );

    it('spares the safety backup of a restore that has not ended, and the newest safety backup always', async () => {
      const runId = '20261123T045900Z-restore';
      const of = (days: number, facts = {}) =>
        storeBackup(store, TARGET, 'pre-restore', daysAgo(days), facts, { withRecords: false });
      const [own, old] = [await of(60, { runId }), await of(50), await of(40), await backup(1)];
      await startRestore('20260101T000000Z-shop-daily', TARGET);
      expect((await prune()).removed).toEqual([old]);
      const [run, at] = [{ schemaVersion: 1 as const, runId, target: TARGET }, NOW.toISOString()];
      await recordVerdict(store, { ...run, verdict: 'completed', endedAt: at, reason: null, failure: null, steps: [] });
      expect((await prune()).removed).toEqual([own]);
    });

    it('counts a backup as removed whose bytes the store will not let go, and names those and locked records', async () => {
      const [old] = [await backup(401), await backup(1)];
      const dump = await dumpOf(old);
      const verdict = `runs/${TARGET}/${old.slice(0, 16)}-run/verdict-1.json`;
      const strict = refusing(store, dump, verdict);
      const result = await applyPrune(strict, await planPrune(strict, request()), options());
      expect(result).toMatchObject({ removed: [old], refused: [], runRecords: 1 });
      expect(result.left.map(({ key }) => key)).toEqual([dump, verdict]);
    });

    it('has nothing under way any more when it fails', async () => {
      for (let days = 40; days < 60; days++) await backup(days);
      await backup(1);
      let [deletes, hasFailed] = [0, false];
      const flaky = watched(store, async (call) => {
        if (call !== 'delete') return;
        if (++deletes === 1) throw new BackupError('store-unavailable', 'The store is away.');
        await setImmediate();
        if (hasFailed) throw new Error('A delete went on behind the failure.');
      });
      const plan = await planPrune(flaky, request());
      await expect(applyPrune(flaky, plan, options())).rejects.toMatchObject({ code: 'store-unavailable' });
      hasFailed = true;
      const counted = deletes;
      await setTimeout(50);
      expect(deletes).toBe(counted);
    });

    it('holds back what the newest backup has lost until somebody accepts that', async () => {
      const old = await backup(40);
      const collapsed = await storeBackup(store, TARGET, 'daily', daysAgo(1), {
        graphs: [{ ...EXAMPLE_GRAPH, nodes: 1 }],
      });
      const plan = await planPrune(store, request());
      expect(plan.decisions[0]).toMatchObject({ keep: true, reason: expect.stringContaining('--accept-collapse') });
      await addMark(store, partsOf(collapsed), { mark: 'collapse-accepted', by: 'me', note: null, now: NOW });
      expect((await prune()).removed).toEqual([old]);
    });

    it('ends after the backup at hand when it is told to stop, and goes on the next time', async () => {
      for (let days = 40; days < 60; days++) await backup(days);
      await backup(1);
      const stop = new AbortController();
      const plan = await planPrune(store, request());
      const { removed, postponed } = await applyPrune(store, plan, {
        now: () => NOW,
        signal: stop.signal,
        onRemoved: (done) => void (done >= 5 && stop.abort()),
      });
      expect(removed.length).toBeGreaterThanOrEqual(5);
      expect(postponed.length).toBeGreaterThan(0);
      expect(await ids()).toHaveLength(21 - removed.length);
      expect((await prune()).removed).toHaveLength(postponed.length);
      expect(await ids()).toHaveLength(1);
    });

    it('goes on past what the store will not let go, and says so', async () => {
      const [locked, gone] = [await backup(50), await backup(40)];
      await backup(1);
      const strict = refusing(store, manifestKey(partsOf(locked)));
      const result = await applyPrune(strict, await planPrune(strict, request()), options());
      expect(result.removed).toEqual([gone]);
      expect(result.refused).toMatchObject([{ backupId: locked, error: { code: 'store-denied' } }]);
      expect(await dataOf(locked)).toHaveLength(3);
    });

    it('leaves orphans, never a manifest without its data, wherever it is interrupted; the next time removes them', async () => {
      await backup(1);
      for (let deletes = 0; deletes <= 3; deletes++) {
        const old = await backup(40 + deletes);
        const broken = breaking(store, deletes);
        const plan = await planPrune(broken, request());
        const interrupted = applyPrune(broken, plan, options());
        if (deletes < 3) await expect(interrupted).rejects.toMatchObject({ code: 'store-unavailable' });
        else await interrupted;
        const left = await dataOf(old);
        if (left.includes(manifestKey(partsOf(old)))) expect(left).toHaveLength(3);
        await prune();
        expect(await dataOf(old)).toEqual(await tombstoneOf(old));
      }
    });

    it('removes run records that are too old, and no others', async () => {
      const ids = [
        await storeBackup(store, TARGET, 'manual', daysAgo(401)),
        await backup(399, 'manual'),
        await backup(0.1),
      ];
      const runs = ids.map((id) => `runs/${TARGET}/${id.slice(0, 16)}-run/`);
      expect((await prune()).runRecords).toBe(2);
      expect(await Promise.all(runs.map(async (prefix) => (await keysOf(store, prefix)).length))).toEqual([0, 2, 2]);
    });

    it('does not wait for a run that works on the target, nor keep it waiting', async () => {
      const [old] = [await backup(40), await backup(1)];
      const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
      const lease = await Lease.acquire(store, {
        ...{ target: TARGET, runId: '20261123T050000Z-x', holder, isDead: () => false },
        now: () => new Date(),
      });
      expect((await prune()).removed).toEqual([old]);
      await lease.assertHeld();
      await lease.release();
    });

    it(`keeps what is promised through ${life.days} days at the default schedules`, { timeout: 300_000 }, async () => {
      const end = Date.UTC(2026, 10, 23);
      let made = 0;
      for (let day = end - life.days * DAY_MS; day < end; day += DAY_MS) {
        const due = scheduledOn(new Date(day));
        await Promise.all(due.map(([tier, at]) => storeBackup(store, TARGET, tier, at, {}, { withRecords: false })));
        made += due.length;
        await prune(new Date(day + 23 * 3600 * 1000));
      }
      const left = await listBackups(store, { target: TARGET });
      const count = (tier: Tier) => left.filter(({ parts }) => parts.tier === tier).length;
      expect(made).toBeGreaterThan(7 * life.days);
      expect({
        snapshot: count('snapshot'),
        daily: count('daily'),
        weekly: count('weekly'),
        monthly: count('monthly'),
      }).toEqual(life.left);
      // Nothing but what the kept ones consist of, and what was recorded of their runs.
      const data = (await keysOf(store, '')).filter((key) => !key.startsWith('runs/') && !key.startsWith('locks/'));
      expect(data).toHaveLength(3 * left.length);
    });

    async function dumpOf(backupId: string): Promise<string> {
      const key = (await dataOf(backupId)).find((each) => each.includes('/dump'));
      if (key === undefined) throw new Error(`${backupId} has no dump`);
      return key;
    }

    async function putRequest(target: string, text: string): Promise<void> {
      const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
      const runId = '20261123T045900Z-other';
      const lease = await Lease.acquire(store, { target, runId, holder, isDead: () => false, now: () => NOW });
      await lease.release();
      await store.put(runKey(target, runId, 'requested'), new TextEncoder().encode(text));
    }

    async function startRestore(backupId: string, target: string) {
      const run = { schemaVersion: 1 as const, runId: '20261123T045900Z-restore', target };
      await recordRequested(store, { ...run, verb: 'restore', backupId, requestedAt: NOW.toISOString() });
      const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
      const lease = await Lease.acquire(store, { ...run, holder, isDead: () => false, now: () => NOW });
      await lease.release();
      return run;
    }

    async function failToLoad(backupId: string): Promise<void> {
      await recordVerification(store, partsOf(backupId), {
        schemaVersion: 1,
        backupId,
        verifiedAt: NOW.toISOString(),
        rdbSha256: SHA_OF_NOTHING,
        outcome: 'failed',
        engine: { redis: '8.2.3', falkordb: '4.16.3' },
        failure: { code: 'integrity', message: 'no' },
        differences: [],
        contents: null,
        loadSeconds: 1,
        tool: { name: 'falkordb-backup', version: '0.1.0' },
      });
    }

    /** Where orphans were removed it stands for three days. */
    async function tombstoneOf(backupId: string): Promise<string[]> {
      return (await dataOf(backupId)).filter((key) => key === manifestKey(partsOf(backupId)));
    }
  });
}

/** A store that will not delete these keys. */
function refusing(inner: ObjectStore, ...locked: string[]): ObjectStore {
  return wrapping(inner, (key) => {
    if (locked.includes(key)) throw new BackupError('store-denied', `${key} is locked.`);
  });
}

/** A store that goes away after so many deletes. */
function breaking(inner: ObjectStore, deletes: number): ObjectStore {
  let done = 0;
  return wrapping(inner, () => {
    done += 1;
    if (done > deletes) throw new BackupError('store-unavailable', 'The store is away.', { retryable: true });
  });
}

function wrapping(inner: ObjectStore, beforeDelete: (key: string) => void | Promise<void>): ObjectStore {
  return {
    url: inner.url,
    put: (...args) => inner.put(...args),
    get: (...args) => inner.get(...args),
    head: (...args) => inner.head(...args),
    list: (...args) => inner.list(...args),
    listUploads: (...args) => inner.listUploads(...args),
    abortUpload: (...args) => inner.abortUpload(...args),
    delete: async (key) => {
      await beforeDelete(key);
      await inner.delete(key);
    },
  };
}
