import { beforeEach, describe, expect, it } from 'vitest';
import {
  findRun,
  listRuns,
  RECOVER_SENT,
  recordPlan,
  recordRequested,
  recordStarted,
  recordVerdict,
} from '../../../../core/catalog/runs.ts';
import { runKey } from '../../../../core/model/keys.ts';
import type { Requested, Started, Verdict } from '../../../../core/model/run-record.ts';
import { examplePlan } from '../../../support/example-plan.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const TIME = '2026-11-22T02:30:00.000Z';
const RUN_ID = '20261122T023000Z-a';
const LONG_AGO = new Date('2000-01-01T00:00:00Z');

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

const common = (runId: string, target = 'prod') => ({ schemaVersion: 1 as const, runId, target });
const requested = (runId = RUN_ID, target = 'prod'): Requested => ({
  ...common(runId, target),
  verb: 'backup',
  backupId: '20261122T023000Z-prod-daily',
  requestedAt: TIME,
});
const started: Started = { ...common(RUN_ID), startedAt: TIME, host: 'h', pid: 7, toolVersion: '1' };
const verdict = (kind: Verdict['verdict'], reason: string | null = null): Verdict => ({
  ...common(RUN_ID),
  verdict: kind,
  endedAt: TIME,
  reason,
  failure: null,
  steps: [],
  undelivered: [],
});

describe('records of a run', () => {
  it('come back as they were written', async () => {
    await recordRequested(store, requested());
    await recordStarted(store, started);
    await recordVerdict(store, verdict('completed'));
    expect(await listRuns(store, 'prod', LONG_AGO)).toEqual([
      { runId: RUN_ID, requested: requested(), started, verdicts: [verdict('completed')], unreadable: [] },
    ]);
  });

  it('are written once: who comes second changes nothing', async () => {
    await recordRequested(store, requested());
    await recordRequested(store, { ...requested(), backupId: null });
    await recordStarted(store, started);
    await recordStarted(store, { ...started, pid: 8 });
    const [run] = await listRuns(store, 'prod', LONG_AGO);
    expect(run).toMatchObject({ requested: requested(), started });
  });

  it('are not written where they could not be read again', async () => {
    await expect(recordRequested(store, requested('not-a-run-id'))).rejects.toThrow();
    await expect(recordVerdict(store, { ...verdict('failed'), endedAt: 'now' })).rejects.toThrow();
    expect(store.keys).toEqual([]);
  });
});

describe('recordVerdict', () => {
  it('numbers verdicts in their order and never overwrites one', async () => {
    const reasons = Array.from({ length: 12 }, (_, index) => `reason ${index}`);
    for (const reason of reasons) await recordVerdict(store, verdict('skipped', reason));
    expect(store.keys).toContain(runKey('prod', RUN_ID, 'verdict-1'));
    expect(store.keys).toContain(runKey('prod', RUN_ID, 'verdict-12'));
    const [run] = await listRuns(store, 'prod', LONG_AGO);
    expect(run?.verdicts.map(({ reason }) => reason)).toEqual(reasons);
  });

  it('gives each of several writers at once a number of its own', async () => {
    const reasons = Array.from({ length: 10 }, (_, index) => `writer ${index}`);
    await Promise.all(reasons.map((reason) => recordVerdict(store.another(), verdict('failed', reason))));
    const [run] = await listRuns(store, 'prod', LONG_AGO);
    expect(run?.verdicts.map(({ reason }) => reason).toSorted()).toEqual(reasons);
  });

  it('gives up rather than counting for ever', async () => {
    store.put = () => Promise.reject(new Error('the store is away'));
    await expect(recordVerdict(store, verdict('failed'))).rejects.toThrow('the store is away');
    const full = new MemoryStore();
    for (let number = 1; number <= 100; number += 1) {
      await full.put(runKey('prod', RUN_ID, `verdict-${number}`), Buffer.from('{}'));
    }
    await expect(recordVerdict(full, verdict('failed'))).rejects.toThrow('100 verdicts already');
  });
});

describe('findRun', () => {
  it('reads all that is written of one run, its plan too', async () => {
    await recordRequested(store, requested());
    await recordStarted(store, started);
    expect(await recordPlan(store, examplePlan(RUN_ID))).toBe(true);
    for (const kind of ['failed', 'completed'] as const) await recordVerdict(store, verdict(kind));
    await recordRequested(store, requested(`${RUN_ID}2`));
    await recordRequested(store, requested(RUN_ID, 'prod-2'));
    expect(await findRun(store, 'prod', RUN_ID)).toEqual({
      runId: RUN_ID,
      requested: requested(),
      started,
      plan: examplePlan(RUN_ID),
      verdicts: [verdict('failed'), verdict('completed')],
      unreadable: [],
    });
  });

  it('finds nothing where nothing is written', async () => {
    await recordRequested(store, requested(`${RUN_ID}2`));
    expect(await findRun(store, 'prod', RUN_ID)).toBeUndefined();
  });

  it('names a plan that cannot be read', async () => {
    const key = runKey('prod', RUN_ID, 'plan');
    store.overwrite(key, Buffer.from(JSON.stringify({ ...examplePlan(RUN_ID), schemaVersion: 2 })));
    expect(await findRun(store, 'prod', RUN_ID)).toEqual({ runId: RUN_ID, verdicts: [], unreadable: [key] });
  });

  it('reads no more than a run can have, whatever lies beside its records', async () => {
    for (let number = 0; number < 300; number++)
      store.overwrite(runKey('prod', RUN_ID, `x${number}`), Buffer.from('{}'));
    await recordRequested(store, requested());
    expect(await findRun(store, 'prod', RUN_ID)).toMatchObject({ requested: requested() });
    expect(store.calls.filter((call) => call.startsWith('get')).length).toBeLessThan(110);
  });
});

it('that a recovery was asked for is no record of the run that cannot be read', async () => {
  await recordRequested(store, requested());
  store.overwrite(runKey('prod', RUN_ID, RECOVER_SENT), Buffer.from('{}'));
  const run = { runId: RUN_ID, requested: requested(), verdicts: [], unreadable: [] };
  expect(await findRun(store, 'prod', RUN_ID)).toEqual(run);
  expect(await listRuns(store, 'prod', LONG_AGO)).toEqual([run]);
});

describe('recordPlan', () => {
  it('keeps the first of a run', async () => {
    await recordPlan(store, examplePlan(RUN_ID));
    expect(await recordPlan(store, { ...examplePlan(RUN_ID), ageSeconds: 7 })).toBe(false);
    expect((await findRun(store, 'prod', RUN_ID))?.plan).toEqual(examplePlan(RUN_ID));
  });

  it('keeps none that could not be read again', async () => {
    await expect(recordPlan(store, { ...examplePlan(RUN_ID), takenAt: 'now' })).rejects.toThrow();
    expect(store.keys).toEqual([]);
  });
});

describe('listRuns', () => {
  it('leaves what plans found unread', async () => {
    await recordRequested(store, { ...requested(), verb: 'plan' });
    await recordPlan(store, examplePlan(RUN_ID));
    store.calls.length = 0;
    const [run] = await listRuns(store, 'prod', LONG_AGO);
    expect(run).toEqual({ runId: RUN_ID, requested: { ...requested(), verb: 'plan' }, verdicts: [], unreadable: [] });
    expect(store.calls).not.toContain(`get ${runKey('prod', RUN_ID, 'plan')}`);
  });

  it('returns the runs asked for since a time, oldest first, of this target', async () => {
    for (const day of ['23', '20', '22', '21']) await recordRequested(store, requested(`202611${day}T000000Z-x`));
    await recordRequested(store, requested('20261123T000000Z-x', 'prod-2'));
    const runs = await listRuns(store, 'prod', new Date('2026-11-21T00:00:00Z'));
    expect(runs.map(({ runId }) => runId)).toEqual(['20261121T000000Z-x', '20261122T000000Z-x', '20261123T000000Z-x']);
    expect(await listRuns(store, 'prod', new Date('2026-11-23T00:00:01Z'))).toEqual([]);
  });

  it('reads nothing of older runs', async () => {
    await recordRequested(store, requested('20260101T000000Z-old'));
    await recordRequested(store, requested('20261122T000000Z-new'));
    store.calls.length = 0;
    await listRuns(store, 'prod', new Date('2026-11-01T00:00:00Z'));
    expect(store.calls.filter((call) => call.startsWith('get'))).toEqual([
      'get runs/prod/20261122T000000Z-new/requested.json',
    ]);
  });

  it.each([
    ['that is no JSON', 'requested', '{"schemaVersion":'],
    ['that is a record of another kind', 'started', JSON.stringify(verdict('failed'))],
    ['of an unknown name', 'notes', '{}'],
    ['of a later schema', 'verdict-2', JSON.stringify({ ...verdict('failed'), schemaVersion: 2 })],
  ])('names a record %s and returns the rest', async (_, name, content) => {
    await recordVerdict(store, verdict('completed'));
    store.overwrite(runKey('prod', RUN_ID, name), Buffer.from(content));
    expect(await listRuns(store, 'prod', LONG_AGO)).toEqual([
      { runId: RUN_ID, verdicts: [verdict('completed')], unreadable: [runKey('prod', RUN_ID, name)] },
    ]);
  });
});
