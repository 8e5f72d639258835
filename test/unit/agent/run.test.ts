import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outcome, RunEnd } from '../../../agent/conclusion.ts';
import { type RunContext, recordRun, type Work } from '../../../agent/run.ts';
import { Teller } from '../../../core/alerts/teller.ts';
import { Lease } from '../../../core/catalog/lease.ts';
import { listRuns } from '../../../core/catalog/runs.ts';
import { BackupError } from '../../../core/model/errors.ts';
import { backupEvent } from '../../../core/model/events.ts';
import { leaseKey } from '../../../core/model/keys.ts';
import { runOutcome } from '../../../core/model/run-record.ts';
import { eventually } from '../../support/eventually.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingSink } from '../../support/recording-sink.ts';

const RUN_ID = '20261122T023000Z-a';
const NOW = new Date('2026-11-22T02:30:00Z');

let store: MemoryStore;
let context: RunContext;
/** The runs that were waited for. */
let waits: unknown[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  store = new MemoryStore();
  waits = [];
  context = {
    verb: 'backup',
    runId: RUN_ID,
    target: 'prod',
    backupId: '20261122T023000Z-prod-daily',
    store,
    now: () => NOW,
    log: pino({}, { write: (line) => void (/Waiting for another run/.test(line) && waits.push(JSON.parse(line).run)) }),
    timeoutSeconds: 60,
    signal: new AbortController().signal,
  };
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const run = (work: (work: Work) => Promise<Outcome<string>>, changes: Partial<RunContext> = {}) =>
  recordRun({ ...context, ...changes }, work);
const untilStopped = ({ signal }: Work) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('This operation was aborted', 'AbortError')));
  });
const recorded = async () => {
  const [only, ...others] = await listRuns(store, 'prod', new Date(0));
  expect(others).toEqual([]);
  return only;
};
const leaseRecord = () => JSON.parse(store.content(leaseKey('prod'))?.toString() ?? '{}');

describe('recordRun', () => {
  it('records the request before the start, the start before the work, and the verdict last', async () => {
    const seen: string[][] = [];
    const outcome = await run(async () => {
      seen.push(store.keys.filter((key) => key.startsWith('runs/')).map((key) => key.split('/')[3] ?? ''));
      return { status: 'completed', value: 'done' };
    });
    expect(outcome).toEqual({ status: 'completed', value: 'done' });
    expect(seen).toEqual([['requested.json', 'started.json']]);
    expect(await recorded()).toMatchObject({
      runId: RUN_ID,
      requested: { backupId: context.backupId, requestedAt: NOW.toISOString() },
      started: { pid: process.pid },
      verdicts: [{ verdict: 'completed', reason: null, failure: null }],
    });
  });

  it('holds the lease while it works, and gives it back', async () => {
    await run(async ({ lease }) => {
      await lease.assertHeld();
      expect(leaseRecord()).toMatchObject({ runId: RUN_ID, releasedAt: null });
      return { status: 'completed', value: '' };
    });
    expect(leaseRecord().releasedAt).toBe(NOW.toISOString());
  });

  it('records why nothing was done', async () => {
    await run(async () => ({ status: 'skipped', reason: 'unchanged', by: '20261122T000000Z-prod-daily' }));
    expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'skipped', reason: 'unchanged' }]);
  });

  it('records a failure as it throws it, and gives the lease back', async () => {
    const failure = new BackupError('database-failed', 'The save failed.', { hint: 'Read the log.', retryable: true });
    await expect(run(() => Promise.reject(failure))).rejects.toBe(failure);
    expect((await recorded())?.verdicts).toMatchObject([
      {
        verdict: 'failed',
        failure: { code: 'database-failed', message: 'The save failed.', hint: 'Read the log.', retryable: true },
      },
    ]);
    expect(leaseRecord().releasedAt).not.toBeNull();
  });

  it('throws the failure of the work even where the store takes no more records of it', async () => {
    const failure = new BackupError('store-full', 'There is no space left.');
    const put = store.put.bind(store);
    await expect(
      run(async () => {
        store.put = () => Promise.reject(new BackupError('store-full', 'Still none.'));
        throw failure;
      }),
    ).rejects.toBe(failure);
    store.put = put;
    expect(runOutcome((await recorded()) ?? { verdicts: [] }, false)).toBe('running');
  });
});

describe('a run that must stop', () => {
  it('throws deadline once its time is up, whatever the work makes of the abort', async () => {
    const running = run((work) => {
      queueMicrotask(() => vi.advanceTimersByTime(60_000));
      return untilStopped(work);
    });
    await expect(running).rejects.toMatchObject({ code: 'deadline', retryable: true });
    expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'failed', failure: { code: 'deadline' } }]);
  });

  it('throws what it was interrupted with', async () => {
    const stop = new AbortController();
    const reason = new BackupError('interrupted', 'Stopped by SIGTERM.');
    const running = run(
      (work) => {
        queueMicrotask(() => stop.abort(reason));
        return untilStopped(work);
      },
      { signal: stop.signal },
    );
    await expect(running).rejects.toBe(reason);
    expect((await recorded())?.verdicts).toMatchObject([{ failure: { code: 'interrupted' } }]);
  });

  it('throws lease-lost when its lease goes to another', async () => {
    const running = run(async (work) => {
      store.overwrite(leaseKey('prod'), Buffer.from(JSON.stringify({ ...leaseRecord(), token: 'other', runId: 'b' })));
      vi.advanceTimersByTime(15_000);
      return untilStopped(work);
    });
    await expect(running).rejects.toMatchObject({ code: 'lease-lost', message: expect.stringContaining('run b') });
    expect(leaseRecord()).toMatchObject({ token: 'other', releasedAt: null });
  });
});

describe('a run that finds another at work', () => {
  const holdAs = (runId: string) =>
    Lease.acquire(store, {
      target: 'prod',
      runId,
      holder: { host: 'elsewhere', pid: 7, bootId: null, pidNamespace: null, startTicks: null },
      isDead: () => false,
      now: () => NOW,
    });

  it('throws lease-held, and records that', async () => {
    const other = await holdAs('20261122T000000Z-b');
    await expect(run(() => Promise.reject(new Error('not reached')))).rejects.toMatchObject({ code: 'lease-held' });
    expect(await recorded()).not.toHaveProperty('started');
    expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'failed', failure: { code: 'lease-held' } }]);
    await other.release();
  });

  it('leaves the verdict to the other where that is the same run, delivered twice', async () => {
    const first = await holdAs(RUN_ID);
    await expect(run(() => Promise.reject(new Error('not reached')))).rejects.toMatchObject({ code: 'lease-held' });
    expect((await recorded())?.verdicts).toEqual([]);
    await first.release();
  });

  it('records a failure of its own where the holder only has a longer id', async () => {
    const other = await holdAs(`${RUN_ID}b`);
    await expect(run(() => Promise.reject(new Error('not reached')))).rejects.toMatchObject({ code: 'lease-held' });
    expect((await recorded())?.verdicts).toHaveLength(1);
    await other.release();
  });

  it('waits for it where it may, and works once it is done', async () => {
    const other = await holdAs('20261122T000000Z-b');
    const working = run(async () => ({ status: 'completed', value: 'done' }), { waitSeconds: 30 });
    await eventually(async () => expect(waits).toEqual(['20261122T000000Z-b']));
    expect(await recorded()).not.toHaveProperty('started');
    await other.release();
    expect(await working).toEqual({ status: 'completed', value: 'done' });
    expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'completed' }]);
  });

  it('waits no longer than it may, and names it', async () => {
    const other = await holdAs('20261122T000000Z-b');
    const waiting = run(() => Promise.reject(new Error('not reached')), { waitSeconds: 0.2 });
    await expect(waiting).rejects.toMatchObject({
      code: 'lease-held',
      retryable: true,
      message: expect.stringMatching(/run 20261122T000000Z-b .* waited for, for 0.2 s/),
      hint: expect.stringContaining('BACKUP_BUSY_TIMEOUT_SECONDS'),
    });
    await other.release();
  });

  it('does not wait where that is the same run', async () => {
    const first = await holdAs(RUN_ID);
    await expect(run(() => Promise.reject(new Error('not reached')), { waitSeconds: 3600 })).rejects.toMatchObject({
      code: 'lease-held',
    });
    expect((await recorded())?.verdicts).toEqual([]);
    await first.release();
  });

  it('stops waiting when it is told to stop, or its time is up', async () => {
    const other = await holdAs('20261122T000000Z-b');
    const stop = new AbortController();
    const reason = new BackupError('interrupted', 'Stopped by SIGTERM.');
    const never = () => Promise.reject(new Error('not reached'));
    const stopped = run(never, { waitSeconds: 3600, signal: stop.signal });
    await eventually(() => expect(waits).toHaveLength(1));
    stop.abort(reason);
    await expect(stopped).rejects.toBe(reason);
    const late = run(never, { waitSeconds: Number.POSITIVE_INFINITY, runId: '20261122T023000Z-c' });
    await eventually(() => expect(waits).toHaveLength(2));
    vi.advanceTimersByTime(60_000);
    await expect(late).rejects.toMatchObject({
      code: 'deadline',
      message: expect.stringContaining('run 20261122T000000Z-b'),
    });
    await other.release();
  });
});

describe('a run that is told of', () => {
  let sink: RecordingSink;
  let ends: RunEnd<string>[];
  beforeEach(() => {
    sink = new RecordingSink();
    ends = [];
  });
  const told = (work: (work: Work) => Promise<Outcome<string>>, changes: Partial<RunContext> = {}) =>
    recordRun({ ...context, ...changes }, work, {
      teller: new Teller([sink], () => {}),
      describe: (end) => {
        ends.push(end);
        const type = end.status === 'failed' ? 'Backup Failed' : 'Backup Completed';
        return backupEvent(type, RUN_ID, { at: end.at.toISOString(), target: 'prod', message: end.status });
      },
    });

  it('is told after its work and before its verdict', async () => {
    const put = store.put.bind(store);
    const order: string[] = [];
    store.put = (key, ...rest) => {
      order.push(`${key.split('/').at(-1)} after ${sink.events.length}`);
      return put(key, ...rest);
    };
    await told(async () => {
      expect(sink.events).toEqual([]);
      return { status: 'completed', value: 'done' };
    });
    expect(order.filter((line) => line.startsWith('verdict'))).toEqual(['verdict-1.json after 1']);
    expect(leaseRecord().releasedAt).not.toBeNull();
    expect(ends).toEqual([{ status: 'completed', value: 'done', at: NOW, seconds: expect.any(Number) }]);
    expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'completed', undelivered: [] }]);
  });

  it('is told its failure', async () => {
    const failure = new BackupError('database-failed', 'The save failed.');
    await expect(told(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(ends).toMatchObject([{ status: 'failed', failure }]);
  });

  it('is not worse for a sink that is down, and says so in its verdict', async () => {
    sink.isDown = true;
    expect(await told(async () => ({ status: 'completed', value: 'done' }))).toMatchObject({ value: 'done' });
    expect((await recorded())?.verdicts).toMatchObject([
      { verdict: 'completed', undelivered: [{ sink: 'recording sink', error: 'The sink is down.' }] },
    ]);
  });

  describe('and is a restore', () => {
    const restored = (work: (work: Work) => Promise<Outcome<string>>, now = () => NOW) =>
      told(work, { verb: 'restore', now });
    const noted = { verdict: 'completed', endedAt: NOW.toISOString() };

    it('has its verdict before its lease is given back, and is told then', async () => {
      const put = store.put.bind(store);
      const order: string[] = [];
      store.put = (key, ...rest) => {
        const isHeld = leaseRecord().releasedAt === null;
        order.push(`${key.split('/').at(-1)} after ${sink.events.length}, ${isHeld ? 'held' : 'free'}`);
        return put(key, ...rest);
      };
      await restored(async () => ({ status: 'completed', value: 'done' }));
      expect(order.slice(-2)).toEqual(['verdict-1.json after 0, held', 'prod.json after 0, held']);
      expect(sink.events).toHaveLength(1);
      expect((await recorded())?.verdicts).toMatchObject([{ ...noted, undelivered: [] }]);
    });

    it('has a further verdict where somebody could not be told', async () => {
      sink.isDown = true;
      await restored(async () => ({ status: 'completed', value: 'done' }));
      const [first, second, ...others] = (await recorded())?.verdicts ?? [];
      expect(first).toMatchObject({ ...noted, undelivered: [] });
      expect(second).toEqual({ ...first, undelivered: [{ sink: 'recording sink', error: 'The sink is down.' }] });
      expect(others).toEqual([]);
    });

    it('has its failure as its verdict, as it throws it', async () => {
      const failure = new BackupError('integrity', 'It loads as something else.');
      const failing = restored(async () => {
        throw failure;
      });
      await expect(failing).rejects.toBe(failure);
      expect((await recorded())?.verdicts).toMatchObject([{ verdict: 'failed', failure: { code: 'integrity' } }]);
      expect(ends).toMatchObject([{ status: 'failed', failure }]);
    });

    it('has its verdict after all where the store was away for a moment', async () => {
      const put = store.put.bind(store);
      let refusals = 1;
      store.put = (key, ...rest) =>
        key.includes('verdict') && refusals-- > 0 ? Promise.reject(new Error('away')) : put(key, ...rest);
      await restored(async () => ({ status: 'completed', value: 'done' }));
      expect((await recorded())?.verdicts).toMatchObject([noted]);
    });

    it('has none where it is delivered twice', async () => {
      await restored(async () => ({ status: 'completed', value: 'done' }));
      const later = new Date(NOW.getTime() + 1000);
      const again = restored(
        () => Promise.reject(new Error('not reached')),
        () => later,
      );
      await expect(again).rejects.toMatchObject({
        code: 'lease-held',
        message: expect.stringContaining('has begun before'),
      });
      expect((await recorded())?.verdicts).toHaveLength(1);
      expect(ends).toHaveLength(1);
    });
  });

  it('is told where the store takes no record of it', async () => {
    store.put = () => Promise.reject(new BackupError('store-denied', 'Nobody may write.'));
    await expect(told(async () => ({ status: 'completed', value: '' }))).rejects.toMatchObject({
      code: 'store-denied',
    });
    expect(ends).toMatchObject([{ status: 'failed', failure: { code: 'store-denied' } }]);
    expect(sink.events).toHaveLength(1);
  });

  it('is not told where it is the same run, delivered twice', async () => {
    await told(async () => {
      const again = told(() => Promise.reject(new Error('not reached')));
      await expect(again).rejects.toMatchObject({ code: 'lease-held' });
      return { status: 'completed', value: '' };
    });
    expect(ends).toHaveLength(1);
  });
});
