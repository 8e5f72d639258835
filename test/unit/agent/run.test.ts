import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Outcome, type RunContext, recordRun, type Work } from '../../../agent/run.ts';
import { Lease } from '../../../core/catalog/lease.ts';
import { listRuns } from '../../../core/catalog/runs.ts';
import { BackupError } from '../../../core/model/errors.ts';
import { leaseKey } from '../../../core/model/keys.ts';
import { runOutcome } from '../../../core/model/run-record.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const RUN_ID = '20261122T023000Z-a';
const NOW = new Date('2026-11-22T02:30:00Z');

let store: MemoryStore;
let context: RunContext;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  store = new MemoryStore();
  context = {
    verb: 'backup',
    runId: RUN_ID,
    target: 'prod',
    backupId: '20261122T023000Z-prod-daily',
    store,
    now: () => NOW,
    log: pino({ level: 'silent' }, new PassThrough()),
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
    await run(async () => ({ status: 'skipped', reason: 'unchanged' }));
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
});
