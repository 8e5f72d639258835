import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../agent/backup.ts';
import { commitManifest, findManifest, findManifestOrTombstone } from '../../core/catalog/catalog.ts';
import { findOrphans, removeOrphans } from '../../core/catalog/orphans.ts';
import { recordVerdict } from '../../core/catalog/runs.ts';
import type { BackupError } from '../../core/model/errors.ts';
import { backupPrefix, dumpKey, manifestKey } from '../../core/model/keys.ts';
import { encodeTombstone, newTombstone } from '../../core/model/tombstone.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { backUp, manifestOf, nextRunId, nextTime, TARGET, wholeBackups } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { pausable } from '../support/pausable-store.ts';
import { watched } from '../support/watched-store.ts';

/** Longer than a lease lasts, and than prune waits for its holder. */
const LATER_MS = 10 * 60_000;

describe('a backup whose left-overs are removed', () => {
  let server: LiveServer;
  beforeAll(async () => {
    server = await startLiveServer();
    await server.graph('g', 'CREATE (:A)');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const partsAt = (scheduledFor: Date) => ({ target: TARGET, tier: 'manual' as const, scheduledFor });
  const giveUp = (store: ObjectStore, runId: string) =>
    recordVerdict(store, {
      ...{ schemaVersion: 1, runId, target: TARGET, verdict: 'failed', endedAt: new Date().toISOString() },
      ...{ reason: null, failure: null, steps: [] },
    });
  const prune = async (store: ObjectStore, now: () => Date) =>
    removeOrphans(store, await findOrphans(store, TARGET, now()), { now });

  test('while it is paused at any of its steps exists whole afterwards, or not at all', async () => {
    const counted = pausable(new MemoryStore(), Number.POSITIVE_INFINITY);
    await backUp(server, counted.store);
    expect(counted.calls()).toBeGreaterThan(10);
    const ends: string[] = [];
    for (let step = 1; step <= counted.calls(); step++) ends.push(await pauseAndPruneAt(step));
    // Nothing of it was there yet; then its dump was gone when it looked for it; then its manifest was refused; then the
    // backup existed.
    const order = ['completed', 'store-not-found', 'invalid-argument', 'completed'];
    expect(ends.filter((end, index) => end !== ends[index - 1])).toEqual(order);
  });

  async function pauseAndPruneAt(step: number): Promise<string> {
    const store = new MemoryStore();
    const [scheduledFor, runId] = [nextTime(), nextRunId()];
    let asleepMs = 0;
    const now = () => new Date(Date.now() + asleepMs);
    const paused = pausable(store.another(), step);
    const sleeper = backUp(server, paused.store, { scheduledFor, runId, deps: { now } }).catch((error) => error);
    await Promise.race([paused.reached, sleeper]);
    asleepMs = LATER_MS;
    await giveUp(store, runId);
    const { removed } = await prune(store, now);
    asleepMs = 2 * LATER_MS;
    paused.resume();
    const result = (await sleeper) as BackupResult | BackupError;
    const whole = await wholeBackups(store);
    const where = `paused at step ${step}`;
    if ('status' in result) {
      expect(whole, where).toEqual([manifestOf(result).backupId]);
      expect(removed, where).toEqual([]);
      return 'completed';
    }
    expect(whole, where).toEqual([]);
    expect(removed.length, where).toBeGreaterThan(0);
    expect(await findManifestOrTombstone(store, partsAt(scheduledFor)), where).toMatchObject({ tombstone: true });
    return result.code;
  }

  test('exists whole, whichever step of prune it overtakes', async () => {
    const { store, scheduledFor } = await withLeftOvers();
    const counted = pausable(store.another(), Number.POSITIVE_INFINITY);
    await removeOrphans(counted.store, await findOrphans(store, TARGET, new Date()), { now: () => new Date() });
    expect(await findManifest(store, partsAt(scheduledFor))).toBeUndefined();
    const fates: string[] = [];
    for (let step = 1; step <= counted.calls(); step++) fates.push(await overtake(step));
    const told = fates.indexOf('invalid-argument');
    // Up to the tombstone, and from there on.
    expect(told).toBeGreaterThan(2);
    expect(fates.slice(0, told)).toEqual(Array(told).fill('completed'));
    expect(fates.slice(told)).toEqual(Array(fates.length - told).fill('invalid-argument'));
  });

  async function withLeftOvers() {
    const store = new MemoryStore();
    const [scheduledFor, runId] = [nextTime(), nextRunId()];
    await store.put(dumpKey(partsAt(scheduledFor), { runId, attempt: '00000000' }, '.rdb'), Buffer.from('half'));
    await giveUp(store, runId);
    return { store, scheduledFor };
  }

  async function overtake(step: number): Promise<string> {
    const { store, scheduledFor } = await withLeftOvers();
    const paused = pausable(store.another(), step);
    let asleepMs = 0;
    const orphans = await findOrphans(store, TARGET, new Date());
    const removing = removeOrphans(paused.store, orphans, { now: () => new Date(Date.now() + asleepMs) });
    await paused.reached;
    const deps = { now: () => new Date(Date.now() + LATER_MS) };
    const result = await backUp(server, store.another(), { scheduledFor, deps }).catch((error: BackupError) => error);
    asleepMs = LATER_MS;
    paused.resume();
    await removing;
    const whole = await wholeBackups(store);
    if ('code' in result) {
      expect(whole, `prune paused at step ${step}`).toEqual([]);
      return result.code;
    }
    expect(whole, `prune paused at step ${step}`).toEqual([manifestOf(result).backupId]);
    return 'completed';
  }

  test('is not made again: whoever asks is told, and nothing is uploaded', async () => {
    const { store, scheduledFor } = await withLeftOvers();
    const deps = { now: () => new Date(Date.now() + LATER_MS) };
    const { removed } = await prune(store, () => new Date());
    expect(removed).toHaveLength(1);
    const again = backUp(server, store, { scheduledFor, deps });
    await expect(again).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(
        'can no longer be made: what an earlier attempt at it had left behind was removed',
      ),
      hint: 'Make a new backup, without --scheduled-for or with another time.',
      retryable: false,
    });
    const parts = partsAt(scheduledFor);
    expect(store.keys.filter((key) => key.startsWith(backupPrefix(parts)))).toEqual([manifestKey(parts)]);
    const other = manifestOf(await backUp(server, store));
    expect(await wholeBackups(store)).toEqual([other.backupId]);
  });

  test('waits for a tombstone that is taken away again, at its start and at its end', async () => {
    const [store, scheduledFor] = [new MemoryStore(), nextTime()];
    const key = manifestKey(partsAt(scheduledFor));
    let looks = 0;
    let puts = 0;
    const seen = watched(store.another(), async (call, of) => {
      if (of !== key) return;
      if (call === 'get') looks += 1;
      if (call === 'put') puts += 1;
      if ((call === 'get' && looks === 1) || (call === 'put' && puts === 1)) {
        await store.put(key, encodeTombstone(newTombstone(new Date())));
      }
      // Once putIfAbsent, after the refusal, and once it itself has seen it.
      if (call === 'get' && (looks === 2 || looks === 5)) await store.delete(key);
    });
    const manifest = manifestOf(await backUp(server, seen, { scheduledFor }));
    expect([looks, puts]).toEqual([5, 2]);
    expect(await wholeBackups(store)).toEqual([manifest.backupId]);
    expect(await commitManifest(store, partsAt(scheduledFor), { ...manifest, keys: 99 })).toBe(false);
  });
});
