import { describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import { type PruneCounts, type PruneReport, pruneEvents } from '../../../../core/model/prune-events.ts';
import { planRetention, type Retainable } from '../../../../core/model/retention.ts';
import { DEFAULT_POLICY, retainable } from '../../../support/retainables.ts';

const NOW = new Date('2026-11-23T05:30:00Z');
const RUN_ID = '20261123T053000Z-abc';
const DAY_MS = 24 * 3600 * 1000;
const DENIED = new BackupError('store-denied', 'Cannot delete it.', { hint: 'Check the policy.' });
const NOTHING: PruneCounts = { removed: [], refused: [], postponed: [], orphans: { objects: 0 }, runRecords: 0 };

const daily = (daysAgo: number, nodes: number) =>
  retainable('daily', new Date(NOW.getTime() - daysAgo * DAY_MS), { graphs: [{ name: 'g', nodes }] });
const report = (counts: Partial<PruneCounts> | null, backups: Retainable[] = []): PruneReport => ({
  runId: RUN_ID,
  plan: {
    request: { target: 'shop' },
    decisions: planRetention(backups, { ...DEFAULT_POLICY, minimumGood: 1 }, NOW),
  },
  result: counts && { ...NOTHING, ...counts },
});

describe('the events of a prune', () => {
  it('are none where it was only planned', () => {
    expect(pruneEvents({ ...report(null), runId: null }, NOW)).toEqual([]);
    expect(pruneEvents({ runId: null, target: 'shop', error: DENIED }, NOW)).toEqual([]);
  });

  it('tell what was removed', () => {
    const [only, ...others] = pruneEvents(report({ removed: ['a', 'b'], orphans: { objects: 3 }, runRecords: 4 }), NOW);
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      type: 'Prune Completed',
      detail: {
        eventId: `prune-completed/shop/${RUN_ID}`,
        at: NOW.toISOString(),
        runId: RUN_ID,
        message: 'Prune of shop removed 2 backups, 3 orphans and 4 run records.',
        hint: null,
        failure: null,
      },
    });
  });

  it('tell what is left for the next time', () => {
    const [only] = pruneEvents(report({ postponed: ['a'] }), NOW);
    expect(only?.detail.message).toContain('1 backups are left for the next time');
  });

  it('tell a failure, and what to do', () => {
    expect(pruneEvents({ runId: RUN_ID, target: 'shop', error: DENIED }, NOW)).toMatchObject([
      {
        type: 'Prune Failed',
        detail: {
          eventId: `prune-failed/shop/${RUN_ID}`,
          message: 'Prune of shop failed: Cannot delete it.',
          hint: 'Check the policy.',
          failure: { code: 'store-denied' },
        },
      },
    ]);
  });

  it('tell of a prune that failed where the store refused backups, and name some', () => {
    const refused = ['a', 'b', 'c', 'd'].map((backupId) => ({ backupId, error: DENIED }));
    expect(pruneEvents(report({ removed: ['e'], refused }), NOW)).toMatchObject([
      {
        type: 'Prune Failed',
        detail: {
          message: expect.stringContaining('but the store refused a, b, c and 1 more: Cannot delete it.'),
          hint: 'Check the policy.',
          failure: { code: 'store-denied' },
        },
      },
    ]);
  });

  it('tell what the collapse guard held back, once a day', () => {
    const [lost, collapsed] = [daily(40, 1000), daily(1, 10)];
    const [completed, guarded, ...others] = pruneEvents(report({}, [lost, collapsed]), NOW);
    expect(others).toEqual([]);
    expect(completed?.type).toBe('Prune Completed');
    expect(guarded).toMatchObject({
      type: 'Retention Guarded',
      detail: { eventId: 'retention-guarded/shop/2026-11-23', runId: RUN_ID },
    });
    expect(guarded?.detail.message).toContain(lost.backupId);
    expect(guarded?.detail.message).toContain(`prune --accept-collapse ${collapsed.backupId}`);
  });

  it('tell of no guard where the rules keep or remove everything themselves', () => {
    const told = pruneEvents(report({}, [daily(40, 1000), daily(20, 1000), daily(1, 1000)]), NOW);
    expect(told.map(({ type }) => type)).toEqual(['Prune Completed']);
    const young = pruneEvents(report({}, [daily(20, 1000), daily(1, 10)]), NOW);
    expect(young.map(({ type }) => type)).toEqual(['Prune Completed']);
  });
});
