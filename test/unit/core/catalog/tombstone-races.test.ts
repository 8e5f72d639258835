import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commitManifest, listBackups } from '../../../../core/catalog/catalog.ts';
import { Lease } from '../../../../core/catalog/lease.ts';
import { findOrphans, type Orphans, removeOrphans } from '../../../../core/catalog/orphans.ts';
import { recordVerdict } from '../../../../core/catalog/runs.ts';
import { findSettled } from '../../../../core/catalog/tombstones.ts';
import { hasCode } from '../../../../core/model/errors.ts';
import { type Attempt, dumpKey, manifestKey, stateKey } from '../../../../core/model/keys.ts';
import type { Manifest } from '../../../../core/model/manifest.ts';
import { decodeTombstone } from '../../../../core/model/tombstone.ts';
import type { ObjectStore } from '../../../../core/store/object-store.ts';
import { exampleManifest } from '../../../support/example-manifest.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { watched } from '../../../support/watched-store.ts';

const TARGET = 'shop';
const PARTS = { target: TARGET, tier: 'daily' as const, scheduledFor: new Date('2026-11-22T02:30:00Z') };
/** Has failed, and may be taken up again. */
const OLD = '20261122T023000Z-old';
const NEW = '20261122T030000Z-new';
/** Longer than a lease lasts, and than anybody waits for it. */
const SLEEP_MS = 10 * 60_000;
const ROUNDS = 800;

type Fate = 'committed' | 'refused' | 'told at its start' | 'existed' | 'lease-held' | 'lease-lost';

/** Everybody's steps, each one request to the store, in an order that is made up; and a clock that can jump. */
class Race {
  readonly store = new MemoryStore();
  wasTakenAway = false;
  readonly #scheduler: fc.Scheduler;
  #ms = Date.parse('2026-11-22T04:00:00Z');

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  readonly now = () => new Date(this.#ms);
  readonly isEntombed = () => decodeTombstone(this.store.content(manifestKey(PARTS)) ?? new Uint8Array()) !== undefined;

  /** Somebody's handle on the store. */
  as(name: string): ObjectStore {
    return watched(this.store.another(), (call, key) => {
      if (call === 'delete' && key === manifestKey(PARTS)) this.wasTakenAway = true;
      return this.#turn(`${name}: ${call} ${key}`);
    });
  }

  /** Lets others go first, for so many steps. */
  async wait(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await this.#turn('waits');
  }

  async sleep(): Promise<void> {
    await this.#turn('time passes');
    this.#ms += SLEEP_MS;
  }

  async until(actors: Promise<unknown>[]): Promise<void> {
    await this.#scheduler.waitFor(Promise.all(actors));
  }

  #turn(label: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), label);
  }
}

/** A backup, as far as the store sees it: the order of agent/run.ts and agent/backup.ts. */
async function run(race: Race, runId: string): Promise<Fate> {
  const store = race.as(runId);
  const holder = { host: 'h', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
  let lease: Lease | undefined;
  try {
    lease = await Lease.acquire(store, { target: TARGET, runId, holder, isDead: () => false, now: race.now });
    const fate = await make(store, { runId, attempt: lease.attempt }, lease, race);
    await conclude(store, runId, fate === 'committed' || fate === 'existed' ? 'completed' : 'failed');
    return fate;
  } catch (error) {
    if (hasCode(error, 'lease-held') || hasCode(error, 'lease-lost')) return error.code as Fate;
    throw error;
  } finally {
    await lease?.release();
  }
}

async function make(store: ObjectStore, attempt: Attempt, lease: Lease, race: Race): Promise<Fate> {
  const patience = { now: race.now, wait: () => race.wait(1) };
  const existing = await findSettled(store, PARTS, patience);
  if (existing) return 'tombstone' in existing ? 'told at its start' : 'existed';
  const manifest = await upload(store, attempt);
  for (;;) {
    await lease.assertHeld();
    if (await commitManifest(store, PARTS, manifest)) return 'committed';
    if (await findSettled(store, PARTS, patience)) return 'refused';
  }
}

async function upload(store: ObjectStore, attempt: Attempt): Promise<Manifest> {
  const [dump, state] = [dumpKey(PARTS, attempt, '.rdb.zst'), stateKey(PARTS, attempt)];
  for (const key of [dump, state]) await store.put(key, Buffer.from('x'), { ifAbsent: true });
  const manifest = exampleManifest({ target: TARGET });
  const stored = { ...manifest.stored, key: dump };
  return { ...manifest, runId: attempt.runId, stored, state: { ...manifest.state, key: state } };
}

async function conclude(store: ObjectStore, runId: string, verdict: 'completed' | 'failed'): Promise<void> {
  const endedAt = '2026-11-22T02:31:00.000Z';
  const common = { schemaVersion: 1 as const, reason: null, failure: null, steps: [] };
  await recordVerdict(store, { ...common, runId, target: TARGET, verdict, endedAt });
}

async function prune(race: Race, name: string, orphans: Orphans): Promise<number> {
  const { removed } = await removeOrphans(race.as(name), orphans, { now: race.now });
  return removed.length;
}

const find = (race: Race) => findOrphans(race.store, TARGET, race.now());
/** Steps that one lets the others go first. */
const delays = fc.array(fc.nat(12), { minLength: 5, maxLength: 5 });

/** @throws where a backup exists whose bytes do not */
async function backups({ store }: Race): Promise<string[]> {
  const entries = await listBackups(store);
  return entries.map(({ content }) => {
    if ('error' in content) throw content.error;
    const { runId, stored, state } = content.manifest;
    for (const { key } of [stored, state]) expect(store.keys).toContain(key);
    return runId;
  });
}

describe('prune and the runs of the very backup whose left-overs it removes, step by step in any order', () => {
  it('a run that is at work is never refused at its end', { timeout: 120_000 }, async () => {
    const fates = tally();
    const request = fc.record({ runId: fc.constantFrom(OLD, NEW), prunes: fc.integer({ min: 1, max: 2 }), delays });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), request, async (scheduler, { runId, prunes, delays }) => {
        const race = new Race(scheduler);
        await upload(race.store, { runId: OLD, attempt: '00000000' });
        await conclude(race.store, OLD, 'failed');
        const orphans = await find(race);
        const running = race.wait(delays[0] ?? 0).then(() => run(race, runId));
        const pruning = Array.from({ length: prunes }, async (_, index) => {
          await race.wait(delays[index + 1] ?? 0);
          return prune(race, `prune ${index + 1}`, orphans);
        });
        await race.until([running, ...pruning]);
        const fate = await running;
        const removed = (await Promise.all(pruning)).reduce((sum, count) => sum + count, 0);
        const others = race.wasTakenAway ? ', and a tombstone taken away again' : '';
        fates.count(`${fate}${removed > 0 ? ', and left-overs removed' : others}`);
        expect(['committed', 'told at its start']).toContain(fate);
        expect(await backups(race)).toEqual(fate === 'committed' ? [runId] : []);
        // It is told of what has happened, and never of a tombstone that was taken away again.
        expect(race.isEntombed()).toBe(fate !== 'committed');
      }),
      { numRuns: ROUNDS },
    );
    expect(fates.kinds()).toEqual([
      'committed',
      'committed, and a tombstone taken away again',
      'committed, and left-overs removed',
      'told at its start, and left-overs removed',
    ]);
  });

  it('no backup ever exists without its bytes, whoever sleeps and is given up for dead', {
    timeout: 120_000,
  }, async () => {
    const fates = tally();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(2), delays, async (scheduler, sleeps, delays) => {
        const race = new Race(scheduler);
        const manifest = await upload(race.store, { runId: OLD, attempt: '00000000' });
        await conclude(race.store, OLD, 'failed');
        const orphans = await find(race);
        // It was paused between its last look at its lease and its manifest.
        const late = race.wait(delays[0] ?? 0).then(() => commitManifest(race.as('sleeper'), PARTS, manifest));
        const runs = [OLD, NEW].map((runId, index) => race.wait(delays[index + 1] ?? 0).then(() => run(race, runId)));
        // With two, time stands still: one that sleeps for minutes, just before its request to take its tombstone away,
        // while the other builds on that, is one thing too many.
        const pruning = (sleeps === 0 ? [3, 4] : [3]).map(async (index) => {
          await race.wait(delays[index] ?? 0);
          return prune(race, `prune ${index}`, orphans);
        });
        const sleeping = Array.from({ length: sleeps }, () => race.sleep());
        await race.until([late, ...runs, ...pruning, ...sleeping]);
        const committed = (await Promise.all(runs)).flatMap((fate, index) => {
          fates.count(fate);
          return fate === 'committed' ? [[OLD, NEW][index]] : [];
        });
        if (await late) committed.push(OLD);
        fates.count((await late) ? 'late, but in time' : 'too late');
        if ((await Promise.all(pruning)).some((removed) => removed > 0)) fates.count('left-overs removed');
        expect(await backups(race)).toEqual(committed);
        await race.until([find(race).then((rest) => prune(race, 'the next prune', rest))]);
        expect(await backups(race)).toEqual(committed);
      }),
      { numRuns: ROUNDS },
    );
    expect(fates.kinds()).toEqual([
      'committed',
      'existed',
      'late, but in time',
      'lease-held',
      'lease-lost',
      'left-overs removed',
      'refused',
      'told at its start',
      'too late',
    ]);
  });
});

/** So that no case is left out unseen: each must come about several times. */
function tally() {
  const counts = new Map<string, number>();
  return {
    count: (kind: string) => void counts.set(kind, (counts.get(kind) ?? 0) + 1),
    kinds: () => {
      for (const [kind, times] of counts) expect(times, kind).toBeGreaterThan(3);
      return [...counts.keys()].toSorted();
    },
  };
}
