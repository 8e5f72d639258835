import { describe, expect, it } from 'vitest';
import { restorePlanRecordSchema } from '../../../../core/model/restore-plan-record.ts';
import {
  type RunOutcome,
  type RunRecords,
  requestedSchema,
  runOutcome,
  startedSchema,
  type Verdict,
  verdictSchema,
} from '../../../../core/model/run-record.ts';
import { examplePlan } from '../../../support/example-plan.ts';

const common = { schemaVersion: 1 as const, runId: '20261122T023000Z-a', target: 'prod' };
const time = '2026-11-22T02:30:00.000Z';
const started = { ...common, startedAt: time, host: 'h', pid: 7, toolVersion: '1' };
const requested = { ...common, verb: 'backup' as const, backupId: null, requestedAt: time };

function verdict(kind: Verdict['verdict']): Verdict {
  return { ...common, verdict: kind, endedAt: time, reason: null, failure: null, steps: [], undelivered: [] };
}

function run(kinds: Verdict['verdict'][], isStarted = true): RunRecords {
  return { requested, ...(isStarted ? { started } : {}), verdicts: kinds.map(verdict) };
}

describe('runOutcome', () => {
  it.each<[RunOutcome, Verdict['verdict'][]]>([
    ['completed', ['completed']],
    ['completed', ['failed', 'completed']],
    ['completed', ['completed', 'failed']],
    ['completed', ['skipped', 'completed']],
    ['skipped', ['skipped']],
    ['skipped', ['failed', 'skipped']],
    ['skipped', ['skipped', 'failed']],
    ['failed', ['failed', 'failed']],
  ])('returns %s for the verdicts %j, whether or not the start was recorded', (outcome, kinds) => {
    expect(runOutcome(run(kinds), false)).toBe(outcome);
    expect(runOutcome(run(kinds, false), false)).toBe(outcome);
  });

  it('returns running for a start without a verdict, and requested without either', () => {
    expect(runOutcome(run([]), false)).toBe('running');
    expect(runOutcome(run([], false), false)).toBe('requested');
    expect(runOutcome({ verdicts: [] }, false)).toBe('requested');
  });

  it.each([[[]], [['failed']], [['skipped']], [['failed', 'skipped']]] as [Verdict['verdict'][]][])(
    'returns completed where there is a manifest, against the verdicts %j',
    (kinds) => expect(runOutcome(run(kinds, false), true)).toBe('completed'),
  );
});

describe('records', () => {
  it('are never taken for one another', () => {
    const schemas = {
      requested: requestedSchema,
      started: startedSchema,
      verdict: verdictSchema,
      plan: restorePlanRecordSchema,
    };
    const records = { requested, started, verdict: verdict('failed'), plan: examplePlan(common.runId) };
    for (const [recordName, record] of Object.entries(records)) {
      for (const [schemaName, schema] of Object.entries(schemas)) {
        expect(schema.safeParse(record).success, `${recordName} read as ${schemaName}`).toBe(recordName === schemaName);
      }
    }
  });
});
