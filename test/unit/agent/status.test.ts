import { beforeEach, describe, expect, it } from 'vitest';
import { readStatus } from '../../../agent/status.ts';
import { recordRequested, recordVerdict } from '../../../core/catalog/runs.ts';
import type { Requested } from '../../../core/model/run-record.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const NOW = new Date('2026-11-22T11:00:00Z');
const AT = '2026-11-22T10:15:00.000Z';
const OPEN = '20261122T101500Z-open';
const FAILED = '20261122T101600Z-failed';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

describe('the runs of a status', () => {
  it.each<[Requested['verb'], boolean]>([
    ['backup', true],
    ['restore', true],
    ['prune', true],
    ['plan', false],
  ])('tell of a %s that is open or has failed: %s', async (verb, expected) => {
    for (const runId of [OPEN, FAILED]) {
      await recordRequested(store, { schemaVersion: 1, runId, target: 'prod', verb, backupId: null, requestedAt: AT });
    }
    const common = { schemaVersion: 1 as const, runId: FAILED, target: 'prod', endedAt: AT, reason: null, steps: [] };
    const failure = { code: 'database-unreachable', message: 'Gone.', hint: null, retryable: true };
    await recordVerdict(store, { ...common, verdict: 'failed', failure });
    const { running, lastFailure } = await readStatus(store, 'prod', NOW);
    expect(running).toEqual(expected ? [OPEN] : []);
    expect(lastFailure?.runId).toBe(expected ? FAILED : undefined);
  });
});
