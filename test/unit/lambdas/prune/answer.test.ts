import { expect, it } from 'vitest';
import type { TargetPrune } from '../../../../core/catalog/prune-targets.ts';
import { describeTargets } from '../../../../lambdas/prune/answer.ts';
import { DEFAULT_POLICY, retainable } from '../../../support/retainables.ts';

/** A plan that keeps `backups`, each for a reason of a hundred letters. */
function planned(target: string, backups: number): TargetPrune {
  const takenAt = new Date('2026-11-22T02:30:00Z');
  const parts = { target, tier: 'daily' as const, scheduledFor: takenAt };
  const backup = { ...retainable('daily', takenAt), parts, runId: null, storedBytes: null };
  const decision = { backup, keep: true, reason: 'x'.repeat(100), isGuarded: false };
  const decisions = Array.from({ length: backups }, () => decision);
  const request = { target, policy: DEFAULT_POLICY, keepRuns: { amount: 400, unit: 'd' as const }, now: takenAt };
  const orphans = { target, objects: [], uploads: [], tombstones: [] };
  return { runId: null, plan: { request, decisions, orphans, runRecords: [] }, result: null };
}

it.each([
  [10_000, 10_000],
  [40_000, undefined],
])('of %d backups answers with %s: Lambda lets through 6 MB', (backups, shown) => {
  const pruned = [planned('shop', backups), planned('wiki', 1)];
  const answer = describeTargets({ pruned, failed: [], postponed: ['blog'] }, { dryRun: true });
  expect(JSON.stringify(answer).length).toBeLessThan(6_000_000);
  expect(answer).toMatchObject({ status: 'planned', postponed: ['blog'] });
  expect(answer.targets).toMatchObject([{ target: 'shop', counts: { kept: backups } }, { target: 'wiki' }]);
  expect(answer.targets[0]?.plan?.keep.length).toBe(shown);
  expect(answer.note === undefined).toBe(shown !== undefined);
});
