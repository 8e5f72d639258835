import prettyBytes from 'pretty-bytes';
import { parseBackupId } from '../core/model/backup-id.ts';
import type { BackupError } from '../core/model/errors.ts';
import { clip, describeError } from '../core/model/event-texts.ts';
import { type BackupEvent, backupEvent, type EventDetail, type EventType } from '../core/model/events.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { RunEnd } from './conclusion.ts';
import type { Recovered } from './restore/recovered.ts';

/** Of a run that makes a backup. */
export interface BackupAbout {
  target: string;
  runId: string;
  backupId: string;
}

export function backupEnded(about: BackupAbout, end: RunEnd<Manifest>): BackupEvent {
  const { target, runId, backupId } = about;
  const known = { ...ended(end), target, runId, backupId, tier: tierOf(backupId) };
  switch (end.status) {
    case 'completed': {
      const { rdb, stored, graphs } = end.value;
      const size = `a dump of ${prettyBytes(rdb.bytes)}, stored as ${prettyBytes(stored.bytes)}`;
      return backupEvent('Backup Completed', runId, {
        ...known,
        message: `Backup ${backupId} is complete: ${describeGraphs(graphs)}, ${size}.`,
        sizes: { rdbBytes: rdb.bytes, storedBytes: stored.bytes },
      });
    }
    case 'skipped':
      return backupEvent('Backup Skipped', runId, {
        ...known,
        message: `${backupId} was not made: ${whySkipped(end)}.`,
      });
    case 'failed':
      return backupEvent('Backup Failed', runId, {
        ...known,
        message: clip(`Backup ${backupId} failed: ${end.failure.message}`),
        ...describeError(end.failure),
      });
  }
}

/** Of a run that restores. */
export interface RestoreAbout {
  target: string;
  runId: string;
  /** Backup id, or the name of a file. */
  source: string;
}

export function restoreStarted(about: RestoreAbout, at: Date): BackupEvent {
  const { source, target, runId } = about;
  return backupEvent('Restore Started', runId, {
    ...knownOfRestore(about),
    at: at.toISOString(),
    message: `Restore of ${source} into ${target} has begun. FalkorDB refuses writes while it is being replaced.`,
  });
}

interface RestoreValue {
  safetyBackupId: string | null;
  contents: { graphs: Manifest['graphs'] };
}

/** @param isRolledBack where it failed: whether what it held before was brought back from the safety backup */
export function restoreEnded(about: RestoreAbout, end: RunEnd<RestoreValue>, isRolledBack: boolean): BackupEvent {
  const { source, target, runId } = about;
  const known = { ...ended(end), ...knownOfRestore(about) };
  if (end.status === 'failed') {
    const what = isRolledBack ? 'was undone' : 'failed';
    return backupEvent(isRolledBack ? 'Restore Rolled Back' : 'Restore Failed', runId, {
      ...known,
      message: clip(`Restore of ${source} into ${target} ${what}: ${end.failure.message}`),
      ...describeError(end.failure),
    });
  }
  if (end.status === 'skipped') throw new Error('A restore is never skipped.');
  const { safetyBackupId, contents } = end.value;
  return backupEvent('Restore Completed', runId, {
    ...known,
    message: `${target} holds ${source}: ${describeGraphs(contents.graphs)}.`,
    hint: safetyBackupId && wayBack(safetyBackupId),
  });
}

/** What the recovery of a restore that was cut off has found; or why it could not be done. */
export type RecoveryEnd = { holds: Recovered['holds']; isSure: boolean; message: string } | { failure: BackupError };

/** A fact of its own: that the restore itself has failed may have been told before. */
export function restoreRecovered(
  about: RestoreAbout,
  safetyBackupId: string | null,
  end: RecoveryEnd,
  at: Date,
): BackupEvent {
  const { source, target, runId } = about;
  const known = { ...knownOfRestore(about), at: at.toISOString() };
  const cutOff = `Restore of ${source} into ${target} was cut off`;
  if ('failure' in end) {
    return backupEvent('Restore Failed', `${runId}/not-recovered`, {
      ...known,
      message: clip(`${cutOff}, and could not be recovered: ${end.failure.message}`),
      ...describeError(end.failure),
    });
  }
  return backupEvent(typeOfRecovered(end), `${runId}/recovered`, {
    ...known,
    message: clip(`${cutOff}. ${end.message}`),
    hint: end.holds === 'backup' ? safetyBackupId && wayBack(safetyBackupId) : null,
  });
}

function typeOfRecovered({ holds, isSure }: Pick<Recovered, 'holds'> & { isSure: boolean }): EventType {
  if (isSure && holds === 'backup') return 'Restore Completed';
  return isSure && holds === 'safety backup' ? 'Restore Rolled Back' : 'Restore Failed';
}

export function verificationFailed(backupId: string, failure: BackupError, at: Date): BackupEvent | undefined {
  const parts = parseBackupId(backupId);
  if (!parts) return undefined;
  const { target, tier } = parts;
  return backupEvent('Verification Failed', backupId, {
    at: at.toISOString(),
    target,
    tier,
    backupId,
    message: clip(`Backup ${backupId} is damaged: ${failure.message}`),
    ...describeError(failure),
  });
}

function knownOfRestore({ target, runId, source }: RestoreAbout) {
  const tier = tierOf(source);
  return { target, runId, backupId: tier && source, tier };
}

function ended({ at, seconds }: RunEnd<unknown>): Pick<EventDetail, 'at' | 'durationSeconds'> {
  return { at: at.toISOString(), durationSeconds: seconds };
}

function whySkipped({ reason, by }: { reason: 'unchanged' | 'covered'; by: string }): string {
  return reason === 'unchanged'
    ? `nothing was written since ${by}`
    : `${by}, of a larger tier, was taken since it was due`;
}

function describeGraphs(graphs: { nodes: number }[]): string {
  return `${graphs.length} graphs, ${graphs.reduce((sum, { nodes }) => sum + nodes, 0)} nodes`;
}

function wayBack(safetyBackupId: string): string {
  return `To have back what it held before: falkordb-backup restore ${safetyBackupId}`;
}

function tierOf(backupId: string): EventDetail['tier'] {
  return parseBackupId(backupId)?.tier ?? null;
}
