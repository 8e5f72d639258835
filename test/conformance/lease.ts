import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Lease, type LeaseRequest } from '../../core/catalog/lease.ts';
import { BackupError, type ErrorCode } from '../../core/model/errors.ts';
import { leaseKey } from '../../core/model/keys.ts';
import { type LeaseRecord, leaseSchema, type ProcessIdentity } from '../../core/model/lease.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { eventually } from '../support/eventually.ts';
import { text, textOf } from './object-helpers.ts';
import { refuses, type StoreUnderTest } from './object-store.ts';

const KEY = leaseKey('prod');
const TTL_SECONDS = 60;
const ALIVE: ProcessIdentity = { host: 'host-a', pid: 7, bootId: 'b', pidNamespace: 'n', startTicks: '1' };

/** What the lease promises on every store. The clock stands still unless a test moves it. */
export function leaseConformance(name: string, makeStore: () => Promise<StoreUnderTest>, raceRounds: number): void {
  describe(`a lease on ${name}`, () => {
    let tested: StoreUnderTest;
    let store: ObjectStore;
    let clock: number;
    let leases: Lease[];
    beforeEach(async () => {
      leases = [];
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      tested = await makeStore();
      store = tested.store;
      clock = Date.parse('2026-11-22T02:30:00Z');
    });
    afterEach(async () => {
      // Waits for renewals under way too, which would write into a store that is being removed.
      await Promise.allSettled(leases.map((lease) => lease.release()));
      vi.useRealTimers();
      await tested.cleanUp();
    });

    const acquire = async (runId: string, overrides: Partial<LeaseRequest> = {}, on = store) => {
      const lease = await Lease.acquire(on, {
        target: 'prod',
        runId,
        holder: ALIVE,
        isDead: () => false,
        now: () => new Date(clock),
        ttlSeconds: TTL_SECONDS,
        ...overrides,
      });
      leases.push(lease);
      return lease;
    };
    const pass = (seconds: number) => {
      clock += seconds * 1000;
    };
    const record = async (): Promise<LeaseRecord> => leaseSchema.parse(JSON.parse(await textOf(await store.get(KEY))));

    it('is taken where there is none, and says by whom and until when', async () => {
      await acquire('first');
      expect(await record()).toMatchObject({
        runId: 'first',
        holder: ALIVE,
        renewals: 0,
        takenAt: '2026-11-22T02:30:00.000Z',
        expiresAt: '2026-11-22T02:31:00.000Z',
        releasedAt: null,
      });
    });

    it('is refused while it is held, naming the holder and when it ends', async () => {
      await acquire('first');
      pass(TTL_SECONDS - 1);
      const error = await refuses('lease-held', acquire('second', {}, tested.openAnother()));
      expect(error.message).toContain('run first (process 7 on host-a)');
      expect(error.hint).toContain('2026-11-22T02:31:00.000Z');
      expect(error.retryable).toBe(true);
      expect((await record()).runId).toBe('first');
    });

    it('is one for each target', async () => {
      await acquire('first');
      await acquire('second', { target: 'test' });
      expect((await record()).runId).toBe('first');
    });

    it('lasts longer with each renewal', async () => {
      const lease = await acquire('first');
      for (let renewal = 1; renewal <= 3; renewal += 1) {
        pass(TTL_SECONDS - 1);
        await lease.assertHeld();
        expect((await record()).renewals).toBe(renewal);
      }
      await refuses('lease-held', acquire('second'));
      expect(lease.lost.aborted).toBe(false);
    });

    it('costs one write a renewal', async () => {
      const counting = losingAnswers(store);
      const lease = await acquire('first', {}, counting);
      for (let renewal = 1; renewal <= 3; renewal += 1) await lease.assertHeld();
      await lease.release();
      expect(counting.writes).toBe(5);
    });

    it('is renewed by itself, several times in its span', async () => {
      await acquire('first');
      pass(TTL_SECONDS / 4);
      vi.advanceTimersByTime((TTL_SECONDS / 4) * 1000);
      await eventually(async () => expect((await record()).renewals).toBe(1));
      expect((await record()).expiresAt).toBe('2026-11-22T02:31:15.000Z');
    });

    it('is taken over once it has expired', async () => {
      await acquire('first');
      pass(TTL_SECONDS);
      await acquire('second');
      expect((await record()).runId).toBe('second');
    });

    it('is taken over from a holder that is dead', async () => {
      await acquire('first');
      await acquire('second', { isDead: (holder) => holder.pid === ALIVE.pid });
      expect((await record()).runId).toBe('second');
    });

    it('is free at once after its release, and the record stays', async () => {
      await (await acquire('first')).release();
      expect(await record()).toMatchObject({ runId: 'first', releasedAt: '2026-11-22T02:30:00.000Z' });
      await acquire('second');
      expect((await record()).runId).toBe('second');
    });

    describe('that was taken over', () => {
      it('throws lease-lost, naming the new holder, at every later check', async () => {
        const { first } = await takeOver();
        for (let check = 1; check <= 2; check += 1) {
          expect((await refuses('lease-lost', first.assertHeld())).message).toContain('run second');
        }
      });

      it('aborts `lost` with the reason, without being asked', async () => {
        const { first } = await takeOver();
        const lost = once(first.lost, 'abort');
        vi.advanceTimersByTime((TTL_SECONDS / 4) * 1000);
        await lost;
        expect(first.lost.reason).toMatchObject({ code: 'lease-lost', message: expect.stringContaining('second') });
      });

      it.each([
        ['knows it', true],
        ['does not know it yet', false],
      ])('is left to its new holder when the old one %s and gives it back', async (_, knows) => {
        const { first, second } = await takeOver();
        if (knows) await refuses('lease-lost', first.assertHeld());
        await first.release();
        expect(await record()).toMatchObject({ runId: 'second', releasedAt: null });
        await second.assertHeld();
      });

      it('is known to be lost without asking the store again', async () => {
        const flaky = losingAnswers(store);
        const first = await acquire('first', {}, flaky);
        pass(TTL_SECONDS);
        await acquire('second');
        await refuses('lease-lost', first.assertHeld());
        flaky.isAway = true;
        await refuses('lease-lost', first.assertHeld());
        await first.release();
      });

      it('stays lost when the new holder gives it back', async () => {
        const { first, second } = await takeOver();
        await second.release();
        await refuses('lease-lost', first.assertHeld());
      });

      async function takeOver() {
        const first = await acquire('first');
        pass(TTL_SECONDS);
        return { first, second: await acquire('second', {}, tested.openAnother()) };
      }
    });

    it('is lost where somebody deletes it', async () => {
      const lease = await acquire('first');
      await store.delete(KEY);
      await refuses('lease-lost', lease.assertHeld());
      expect(lease.lost.aborted).toBe(true);
    });

    it('is renewed by nobody once it was given back or lost', async () => {
      const lost = await acquire('first');
      pass(TTL_SECONDS);
      const released = await acquire('second');
      expect(vi.getTimerCount()).toBe(2);
      await refuses('lease-lost', lost.assertHeld());
      expect(vi.getTimerCount()).toBe(1);
      await released.release();
      expect(vi.getTimerCount()).toBe(0);
    });

    it('is not held after its release', async () => {
      const lease = await acquire('first');
      await lease.release();
      await refuses('lease-lost', lease.assertHeld());
      expect((await record()).releasedAt).not.toBeNull();
    });

    it(`goes to exactly one of 20, whether it is new, expired or released, in ${raceRounds} rounds`, async () => {
      for (let round = 0; round < raceRounds; round += 1) {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            acquire(`run-${index}`, {}, index % 2 ? store : tested.openAnother()),
          ),
        );
        const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
        expect(winners).toHaveLength(1);
        expect((await record()).runId).toBe(`run-${winners[0]}`);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'lease-held' });
          else if (round % 2) await outcome.value.release();
        }
        if (round % 2 === 0) pass(TTL_SECONDS);
      }
    });

    describe('whose write arrives while its answer is lost', () => {
      // The client of a store sends such a write again by itself: then the precondition fails.
      const answers: ErrorCode[] = ['store-precondition-failed', 'store-unavailable'];

      it('is taken all the same', async () => {
        const flaky = losingAnswers(store);
        flaky.loseNext('store-precondition-failed');
        const lease = await acquire('first', {}, flaky);
        await lease.assertHeld();
      });

      it.each(answers)('is still held after %s', async (code) => {
        const flaky = losingAnswers(store);
        const lease = await acquire('first', {}, flaky);
        for (let round = 1; round <= 3; round += 1) {
          flaky.loseNext(code);
          await lease
            .assertHeld()
            .catch((error: unknown) => expect(error).toMatchObject({ code: 'store-unavailable' }));
          await lease.assertHeld();
        }
        expect(lease.lost.aborted).toBe(false);
        await refuses('lease-held', acquire('second'));
      });

      it.each(answers)('is given back after %s', async (code) => {
        const flaky = losingAnswers(store);
        const lease = await acquire('first', {}, flaky);
        flaky.loseNext(code);
        await lease.assertHeld().catch(() => {});
        await lease.release();
        expect((await record()).releasedAt).not.toBeNull();
      });

      it('is given back where that was the write', async () => {
        const flaky = losingAnswers(store);
        const lease = await acquire('first', {}, flaky);
        flaky.loseNext('store-precondition-failed');
        await lease.release();
        await acquire('second');
      });
    });

    it('is not lost while the store is away', async () => {
      const flaky = losingAnswers(store);
      const lease = await acquire('first', {}, flaky);
      flaky.isAway = true;
      await refuses('store-unavailable', lease.assertHeld());
      expect(lease.lost.aborted).toBe(false);
      flaky.isAway = false;
      await lease.assertHeld();
    });

    it.each(['', 'not JSON', '{}', '{"schemaVersion": 2}'])('is refused where its object is %j', async (content) => {
      await store.put(KEY, text(content));
      const error = await refuses('integrity', acquire('first'));
      expect(error.message).toContain(KEY);
      expect(error.hint).toContain('delete that object');
      expect(await textOf(await store.get(KEY))).toBe(content);
    });
  });
}

interface FlakyStore extends ObjectStore {
  writes: number;
  isAway: boolean;
  loseNext(code: ErrorCode): void;
}

/** Writes, and then answers once with an error instead; or does nothing at all while it is away. */
function losingAnswers(store: ObjectStore): FlakyStore {
  let lost: ErrorCode | undefined;
  return {
    url: store.url,
    isAway: false,
    writes: 0,
    loseNext(code) {
      lost = code;
    },
    async put(...args) {
      this.writes += 1;
      if (this.isAway) throw new BackupError('store-unavailable', 'away', { retryable: true });
      const info = await store.put(...args);
      const code = lost;
      lost = undefined;
      if (code) throw new BackupError(code, 'The answer was lost.', { retryable: code === 'store-unavailable' });
      return info;
    },
    get: (...args) => store.get(...args),
    head: (...args) => store.head(...args),
    list: (...args) => store.list(...args),
    delete: (...args) => store.delete(...args),
    listUploads: (...args) => store.listUploads(...args),
    abortUpload: (...args) => store.abortUpload(...args),
  };
}
