import { describe, expect, test } from 'vitest';
import type { RunAnswer } from '../../../../agent/web/api.ts';
import { lastFailure, lastSkip, RunAnswers } from '../../../../agent/web/run-answers.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../../../core/catalog/runs.ts';
import { toCompactTimestamp } from '../../../../core/model/timestamp.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const run = (hour: number, facts: Partial<RunAnswer>): RunAnswer => ({
  runId: `20261122T${String(hour).padStart(2, '0')}0000Z-r`,
  target: 'falkordb',
  verb: 'backup',
  tier: 'daily',
  backupId: null,
  outcome: 'completed',
  requestedAt: `2026-11-22T${String(hour).padStart(2, '0')}:00:00.000Z`,
  startedAt: null,
  endedAt: `2026-11-22T${String(hour).padStart(2, '0')}:30:00.000Z`,
  host: null,
  reason: null,
  failure: null,
  steps: [],
  undelivered: [],
  ...facts,
});
const failed = (hour: number, facts: Partial<RunAnswer> = {}) =>
  run(hour, {
    outcome: 'failed',
    failure: { code: 'store-full', message: `At ${hour}.`, hint: null, retryable: false },
    ...facts,
  });

describe('the last failure', () => {
  test.each<[string, RunAnswer[], string | undefined]>([
    ['none', [run(1, {})], undefined],
    ['the newest', [failed(1), failed(2)], 'At 2.'],
    ['none that a later one made good', [failed(1), run(2, {})], undefined],
    ['none that a later one found not needed', [failed(1), run(2, { outcome: 'skipped' })], undefined],
    ['one that came after', [run(1, {}), failed(2)], 'At 2.'],
    ['one of another tier', [failed(1), failed(2, { tier: 'snapshot' }), run(3, { tier: 'snapshot' })], 'At 1.'],
    ['one that is being tried again', [failed(1), run(2, { outcome: 'running', endedAt: null })], 'At 1.'],
    ['of a restore', [failed(1, { verb: 'restore', tier: null }), run(2, {})], 'At 1.'],
    ['never of a plan', [failed(1, { verb: 'plan', tier: null })], undefined],
    ['of one whose request is lost', [failed(1, { verb: null, tier: null })], 'At 1.'],
  ])('is %s', (_, runs, message) => expect(lastFailure(runs)?.message).toBe(message));
});

test('the last skip is that of the tier', () => {
  const skipped = { outcome: 'skipped' as const };
  const runs = [run(1, skipped), run(2, { ...skipped, tier: 'snapshot' }), run(3, {})];
  expect([lastSkip(runs, 'daily'), lastSkip(runs, 'weekly')]).toEqual(['2026-11-22T01:30:00.000Z', null]);
});

test('a run is told by the verdict that counts', async () => {
  const store = new MemoryStore();
  const common = { schemaVersion: 1 as const, runId: '20261122T023000Z-daily', target: 'falkordb' };
  const backupId = '20261122T023000Z-falkordb-daily';
  const at = (minute: number) => `2026-11-22T02:${minute}:00.000Z`;
  await recordRequested(store, { ...common, verb: 'backup', backupId, requestedAt: at(30) });
  await recordStarted(store, { ...common, startedAt: at(31), host: 'db-1', pid: 1, toolVersion: '1' });
  const failure = { code: 'deadline', message: 'Given up.', hint: null, retryable: true };
  await recordVerdict(store, { ...common, verdict: 'failed', endedAt: at(40), reason: null, failure });
  const answers = new RunAnswers(store, 'falkordb');
  const read = async (made: Map<string, string>) => {
    const [answer] = await answers.read([...(await answers.list(new Date(0)))], made);
    return answer;
  };
  expect(await read(new Map())).toMatchObject({ outcome: 'failed', endedAt: at(40), failure });
  // It was made after all: the manifest outranks who gave it up.
  const made = new Map([[common.runId, at(50)]]);
  expect(await read(made)).toMatchObject({ outcome: 'completed', endedAt: at(50), failure: null, tier: 'daily' });
  await recordVerdict(store, { ...common, verdict: 'completed', endedAt: at(51), reason: null, failure: null });
  expect(await read(made)).toMatchObject({ outcome: 'completed', endedAt: at(51), host: 'db-1' });
});

test('of however many recent runs none is read twice', async () => {
  const store = new MemoryStore();
  const since = new Date('2026-11-01T00:00:00Z');
  for (let index = 0; index < 5100; index++) {
    const at = new Date(since.getTime() + index * 300_000);
    const runId = `${toCompactTimestamp(at)}-snapshot`;
    const verdict = { schemaVersion: 1 as const, runId, target: 'falkordb', verdict: 'skipped' as const };
    await recordVerdict(store, { ...verdict, endedAt: at.toISOString(), reason: 'unchanged', failure: null });
  }
  const answers = new RunAnswers(store, 'falkordb');
  const gets = () => store.calls.filter((call) => call.startsWith('get ')).length;
  const first = await answers.readSince(since, new Map());
  expect([first.length, gets()]).toEqual([5100, 5100]);
  expect(await answers.readSince(since, new Map())).toEqual(first);
  expect(await answers.read([...(await answers.list(since))].slice(-50), new Map())).toEqual(first.slice(-50));
  expect(gets()).toBe(5100);
});
