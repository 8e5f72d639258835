import { beforeEach, expect, it } from 'vitest';
import { planPrune } from '../../../../core/catalog/prune.ts';
import { backupsInUse } from '../../../../core/catalog/restores.ts';
import { recordPlan, recordRequested } from '../../../../core/catalog/runs.ts';
import { parseBackupId } from '../../../../core/model/backup-id.ts';
import { runKey } from '../../../../core/model/keys.ts';
import type { Requested } from '../../../../core/model/run-record.ts';
import { examplePlan } from '../../../support/example-plan.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { DEFAULT_POLICY } from '../../../support/retainables.ts';

const RUN_ID = '20261122T101500Z-plan';
const BACKUP_ID = '20261122T023000Z-prod-daily';
const REQUESTED_AT = '2026-11-22T10:15:00.000Z';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

const request = (verb: Requested['verb']) =>
  recordRequested(store, {
    schemaVersion: 1,
    runId: RUN_ID,
    target: 'prod',
    verb,
    backupId: BACKUP_ID,
    requestedAt: REQUESTED_AT,
  });

it.each<[Requested['verb'], boolean]>([
  ['restore', true],
  ['plan', false],
  ['backup', false],
  ['prune', false],
])('a backup that an open %s names is in use: %s', async (verb, expected) => {
  await request(verb);
  const inUse = await backupsInUse(store, ['prod'], new Date('2026-11-22T11:00:00Z'));
  const parts = parseBackupId(BACKUP_ID);
  expect(parts && inUse.reasonFor(parts, null) !== undefined).toBe(expected);
});

it('a prune removes what a plan found with the other records of its run, once they are too old', async () => {
  await request('plan');
  await recordPlan(store, examplePlan(RUN_ID));
  const recordsAt = async (now: string) => {
    const keepRuns = { amount: 400, unit: 'd' } as const;
    return (await planPrune(store, { target: 'prod', policy: DEFAULT_POLICY, keepRuns, now: new Date(now) }))
      .runRecords;
  };
  expect(await recordsAt('2027-12-26T00:00:00Z')).toEqual([]);
  expect(await recordsAt('2027-12-28T00:00:00Z')).toEqual([
    runKey('prod', RUN_ID, 'plan'),
    runKey('prod', RUN_ID, 'requested'),
  ]);
});
