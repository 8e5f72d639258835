import pMap from 'p-map';
import { type BackupIdParts, formatBackupId } from '../model/backup-id.ts';
import { type BackupError, toBackupError } from '../model/errors.ts';
import { backupPrefix, manifestKey, parseMarkKey, runsPrefix } from '../model/keys.ts';
import { isPinned } from '../model/mark.ts';
import { type Decision, planRetention, type Retainable, type RetentionPolicy } from '../model/retention.ts';
import { before, type Duration } from '../model/retention-rules.ts';
import { toCompactTimestamp } from '../model/timestamp.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type CatalogEntry, listBackups } from './catalog.ts';
import { findOrphans, type Orphans, removeOrphans } from './orphans.ts';
import { backupsInUse, listTargets } from './restores.ts';

const PARALLEL_BACKUPS = 4;
const PARALLEL_DELETES = 8;

export interface PruneCandidate extends Retainable {
  parts: BackupIdParts;
  /** Null where the manifest cannot be read. */
  storedBytes: number | null;
}

export interface PruneRequest {
  target: string;
  policy: RetentionPolicy;
  /** Of run records. */
  keepRuns: Duration;
  now: Date;
}

export interface PrunePlan {
  request: PruneRequest;
  decisions: Decision<PruneCandidate>[];
  orphans: Orphans;
  /** Keys of run records that are too old. */
  runRecords: string[];
}

export interface Refused {
  backupId: string;
  error: BackupError;
}

export interface PruneResult {
  removed: string[];
  /** Which the store would not let go: they are locked, or the rights are missing. */
  refused: Refused[];
  /** Pinned, or taken up by a restore, since the plan was made. */
  spared: string[];
  /** Left for the next time, because the time was up. */
  postponed: string[];
  orphans: { objects: number; bytes: number; uploads: number; left: { key: string; why: string }[] };
  runRecords: number;
}

/** Looks at everything and removes nothing. @throws store-*, integrity */
export async function planPrune(store: ObjectStore, request: PruneRequest): Promise<PrunePlan> {
  const { target, policy, keepRuns, now } = request;
  const inUse = await backupsInUse(store, await listTargets(store), now);
  const candidates = (await listBackups(store, { target })).map((entry) => toCandidate(entry, inUse));
  return {
    request,
    decisions: planRetention(candidates, policy, now),
    orphans: await findOrphans(store, target, now),
    runRecords: await oldRunRecords(store, target, before(now, keepRuns)),
  };
}

function toCandidate(
  { backupId, parts, content, verified, pinned, collapseAccepted }: CatalogEntry,
  inUse: Set<string>,
) {
  const manifest = 'manifest' in content ? content.manifest : undefined;
  return {
    backupId,
    parts,
    tier: parts.tier,
    takenAt: manifest ? new Date(manifest.rdb.createdAt) : parts.scheduledFor,
    isReadable: manifest !== undefined,
    isGood: manifest !== undefined && verified?.outcome !== 'failed',
    isPinned: pinned,
    isInUse: inUse.has(backupId),
    isCollapseAccepted: collapseAccepted,
    graphs: manifest?.graphs ?? [],
    storedBytes: manifest ? manifest.stored.bytes + manifest.state.bytes : null,
  };
}

export interface ApplyOptions {
  /** A clock that goes on: what happened since the plan was made counts. */
  now: () => Date;
  /** Ends it after the backup that is being removed; the rest is postponed. */
  signal: AbortSignal;
  onRemoved: (done: number, total: number) => void;
}

/**
 * Removes what the plan says. What a person or a restore has laid a hand on since is spared. An interruption leaves
 * orphans, which the next time removes, and never a manifest without its data.
 * @throws store-*
 */
export async function applyPrune(
  store: ObjectStore,
  { decisions, orphans, runRecords }: PrunePlan,
  { now, signal, onRemoved }: ApplyOptions,
): Promise<PruneResult> {
  const result: PruneResult = {
    removed: [],
    refused: [],
    spared: [],
    postponed: [],
    orphans: { objects: 0, bytes: 0, uploads: 0, left: [] },
    runRecords: 0,
  };
  const doomed = decisions.filter(({ keep }) => !keep).map(({ backup }) => backup);
  await pMap(
    doomed,
    async ({ parts, backupId }) => {
      const fate = signal.aborted ? 'postponed' : await removeBackup(store, parts, now());
      if (typeof fate === 'string') result[fate].push(backupId);
      else result.refused.push({ backupId, error: fate });
      onRemoved(result.removed.length, doomed.length);
    },
    { concurrency: PARALLEL_BACKUPS },
  );
  if (signal.aborted) return result;
  const { removed, uploads, left } = await removeOrphans(store, orphans, { now, signal });
  const bytes = removed.reduce((sum, object) => sum + object.bytes, 0);
  result.orphans = { objects: removed.length, bytes, uploads: uploads.length, left };
  if (signal.aborted) return result;
  await deleteAll(store, runRecords);
  result.runRecords = runRecords.length;
  return result;
}

/** The manifest goes first: from then on the backup does not exist, and the rest of it is nobody's. */
async function removeBackup(
  store: ObjectStore,
  parts: BackupIdParts,
  now: Date,
): Promise<'removed' | 'spared' | BackupError> {
  const keys: string[] = [];
  for await (const { key } of store.list(backupPrefix(parts))) keys.push(key);
  if (isPinned(keys.flatMap((key) => parseMarkKey(key) ?? []))) return 'spared';
  const inUse = await backupsInUse(store, await listTargets(store), now);
  if (inUse.has(formatBackupId(parts))) return 'spared';
  try {
    await store.delete(manifestKey(parts));
    await deleteAll(
      store,
      keys.filter((key) => key !== manifestKey(parts)),
    );
    return 'removed';
  } catch (error) {
    const failure = toBackupError(error);
    if (failure.code === 'store-denied') return failure;
    throw failure;
  }
}

async function deleteAll(store: ObjectStore, keys: string[]): Promise<void> {
  await pMap(keys, (key) => store.delete(key), { concurrency: PARALLEL_DELETES });
}

/** Run ids begin with the time, so the old ones come first. */
async function oldRunRecords(store: ObjectStore, target: string, limit: Date): Promise<string[]> {
  const keys: string[] = [];
  const end = `${runsPrefix(target)}${toCompactTimestamp(limit)}`;
  for await (const { key } of store.list(runsPrefix(target))) {
    if (key >= end) break;
    keys.push(key);
  }
  return keys;
}
