import { describe, expect, it } from 'vitest';
import type { RunEnd } from '../../../agent/conclusion.ts';
import {
  backupEnded,
  type RecoveryEnd,
  restoreEnded,
  restoreRecovered,
  restoreStarted,
  verificationFailed,
} from '../../../agent/events.ts';
import { BackupError } from '../../../core/model/errors.ts';
import type { Manifest } from '../../../core/model/manifest.ts';
import { EXAMPLE_GRAPH, exampleManifest } from '../../support/example-manifest.ts';

const AT = new Date('2026-11-22T02:31:00.000Z');
const RUN_ID = '20261122T023000Z-daily';
const BACKUP_ID = '20261122T023000Z-shop-daily';
const SAFETY_ID = '20261122T023000Z-shop-pre-restore';
const FAILURE = new BackupError('database-unreachable', 'Nothing listens at db:6379.', {
  hint: 'Start FalkorDB.',
  retryable: true,
});
const FAILED = { code: 'database-unreachable', message: FAILURE.message, hint: 'Start FalkorDB.', retryable: true };
const end = { at: AT, seconds: 12.5 };

describe('of a backup', () => {
  const about = { target: 'shop', runId: RUN_ID, backupId: BACKUP_ID };
  const told = (ending: RunEnd<Manifest>) => backupEnded(about, ending);

  it('that is complete, its sizes are told', () => {
    expect(told({ ...end, status: 'completed', value: exampleManifest({ target: 'shop' }) })).toEqual({
      type: 'Backup Completed',
      detail: {
        schemaVersion: 1,
        eventId: `backup-completed/shop/${RUN_ID}`,
        at: AT.toISOString(),
        target: 'shop',
        tier: 'daily',
        runId: RUN_ID,
        backupId: BACKUP_ID,
        message: `Backup ${BACKUP_ID} is complete: 1 graphs, 1200 nodes, a dump of 123 kB, stored as 12.3 kB.`,
        hint: null,
        failure: null,
        durationSeconds: 12.5,
        sizes: { rdbBytes: 123_456, storedBytes: 12_345 },
      },
    });
  });

  it.each([
    ['unchanged', 'nothing was written since'],
    ['covered', 'of a larger tier, was taken since it was due'],
  ] as const)('that is skipped (%s), the backup that stands for it is named', (reason, why) => {
    const by = '20261122T023000Z-shop-monthly';
    const { type, detail } = told({ ...end, status: 'skipped', reason, by });
    expect(type).toBe('Backup Skipped');
    expect(detail.message).toContain(why);
    expect(detail.message).toContain(by);
    expect(detail).toMatchObject({ eventId: `backup-skipped/shop/${RUN_ID}`, backupId: BACKUP_ID, failure: null });
  });

  it('that failed, it is told what happened and what to do', () => {
    const { type, detail } = told({ ...end, status: 'failed', failure: FAILURE });
    expect(type).toBe('Backup Failed');
    expect(detail).toMatchObject({
      eventId: `backup-failed/shop/${RUN_ID}`,
      message: `Backup ${BACKUP_ID} failed: Nothing listens at db:6379.`,
      hint: 'Start FalkorDB.',
      failure: FAILED,
      sizes: null,
    });
  });

  it('no message is longer than an event may be', () => {
    const failure = new BackupError('integrity', 'x'.repeat(300_000), { hint: 'y'.repeat(300_000) });
    expect(JSON.stringify(told({ ...end, status: 'failed', failure })).length).toBeLessThan(20_000);
  });
});

describe('of a restore', () => {
  const about = { target: 'staging', runId: RUN_ID, source: BACKUP_ID };
  const value = { safetyBackupId: SAFETY_ID, contents: { graphs: [EXAMPLE_GRAPH] } };

  it('its start is told', () => {
    expect(restoreStarted(about, AT)).toMatchObject({
      type: 'Restore Started',
      detail: { eventId: `restore-started/staging/${RUN_ID}`, backupId: BACKUP_ID, tier: 'daily', target: 'staging' },
    });
  });

  it('its end is told, with the way back', () => {
    expect(restoreEnded(about, { ...end, status: 'completed', value }, false)).toMatchObject({
      type: 'Restore Completed',
      detail: {
        eventId: `restore-completed/staging/${RUN_ID}`,
        message: `staging holds ${BACKUP_ID}: 1 graphs, 1200 nodes.`,
        hint: expect.stringContaining(`falkordb-backup restore ${SAFETY_ID}`),
      },
    });
  });

  it('there is no way back without a safety backup', () => {
    const { detail } = restoreEnded(
      about,
      { ...end, status: 'completed', value: { ...value, safetyBackupId: null } },
      false,
    );
    expect(detail.hint).toBeNull();
  });

  it.each([
    [false, 'Restore Failed', 'failed'],
    [true, 'Restore Rolled Back', 'was undone'],
  ])('that failed, it is told whether it was undone: %s', (isRolledBack, type, what) => {
    expect(restoreEnded(about, { ...end, status: 'failed', failure: FAILURE }, isRolledBack)).toMatchObject({
      type,
      detail: {
        message: `Restore of ${BACKUP_ID} into staging ${what}: ${FAILURE.message}`,
        failure: FAILED,
        hint: 'Start FalkorDB.',
      },
    });
  });

  it('from a file, no backup is named', () => {
    const { detail } = restoreStarted({ ...about, source: './dump.rdb' }, AT);
    expect(detail).toMatchObject({ backupId: null, tier: null, message: expect.stringContaining('./dump.rdb') });
  });

  const recovered = (holds: 'backup' | 'safety backup' | 'old data' | 'unknown', isSure = true): RecoveryEnd => ({
    holds,
    isSure,
    message: 'FalkorDB is free.',
  });

  it.each([
    [recovered('backup'), 'Restore Completed'],
    [recovered('backup', false), 'Restore Failed'],
    [recovered('safety backup'), 'Restore Rolled Back'],
    [recovered('safety backup', false), 'Restore Failed'],
    [recovered('old data'), 'Restore Failed'],
    [recovered('unknown', false), 'Restore Failed'],
  ])('that was cut off, its recovery (%j) is told as %s, and as another fact', (recovery, type) => {
    const event = restoreRecovered(about, SAFETY_ID, recovery, AT);
    expect(event).toMatchObject({ type, detail: { message: expect.stringContaining('FalkorDB is free.') } });
    expect(event.detail.eventId).toMatch(new RegExp(`/staging/${RUN_ID}/recovered$`));
  });

  it('that was cut off and could not be recovered, it is told why', () => {
    expect(restoreRecovered(about, null, { failure: FAILURE }, AT)).toMatchObject({
      type: 'Restore Failed',
      detail: { eventId: `restore-failed/staging/${RUN_ID}/not-recovered`, failure: FAILED, hint: 'Start FalkorDB.' },
    });
  });
});

describe('of a verification', () => {
  it('a damaged backup is told, once for the backup', () => {
    expect(verificationFailed(BACKUP_ID, FAILURE, AT)).toMatchObject({
      type: 'Verification Failed',
      detail: {
        eventId: `verification-failed/shop/${BACKUP_ID}`,
        target: 'shop',
        tier: 'daily',
        backupId: BACKUP_ID,
        runId: null,
        failure: FAILED,
      },
    });
  });
});
