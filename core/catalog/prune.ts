import type { BackupIdParts } from '../model/backup-id.ts';
import { type BackupError, hasCode } from '../model/errors.ts';
import { backupPrefix, manifestKey, runsPrefix } from '../model/keys.ts';
import { isPinned } from '../model/mark.ts';
import { type Decision, planRetention, type Retainable, type RetentionPolicy } from '../model/retention.ts';
import { before, type Duration } from '../model/retention-rules.ts';
import { toCompactTimestamp } from '../model/timestamp.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';
import { type CatalogEntry, listBackups } from './catalog.ts';
import { eachUntilFailure } from './each-until-failure.ts';
import { listMarks } from './marks.ts';
import { findOrphans, type Orphans, removeOrphans } from './orphans.ts';
import { type BackupsInUse, backupsInUse, listTargets } from './restores.ts';

const PARALLEL_BACKUPS = 4;
const PARALLEL_DELETES = 8;

export interface PruneCandidate extends Retainable {
  parts: BackupIdParts;
  /** Of the run that made it; null where the manifest cannot be read. */
  runId: string | null;
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
  orphans: { objects: number; bytes: number; uploads: number; left: Left[] };
  runRecords: number;
  /** What else the store would not let go: bytes of removed backups, which are orphans from now on, and run records. */
  left: Left[];
}

interface Left {
  key: string;
  why: string;
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
  { backupId, parts, content, verified, pinned, collapseAccepted, isStored }: CatalogEntry,
  inUse: BackupsInUse,
): PruneCandidate {
  const manifest = 'manifest' in content ? content.manifest : undefined;
  const runId = manifest?.runId ?? null;
  const whyInUse = inUse.reasonFor(parts, runId);
  return {
    backupId,
    parts,
    runId,
    tier: parts.tier,
    takenAt: manifest ? new Date(manifest.rdb.createdAt) : parts.scheduledFor,
    isReadable: manifest !== undefined,
    isComplete: isStored,
    isGood: isStored && verified?.outcome !== 'failed',
    isPinned: pinned,
    isInUse: whyInUse !== undefined,
    ...(whyInUse === undefined ? {} : { whyInUse }),
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
    left: [],
  };
  const doomed = decisions.filter(({ keep }) => !keep).map(({ backup }) => backup);
  await eachUntilFailure(doomed, PARALLEL_BACKUPS, async (backup) => {
    if (signal.aborted) return void result.postponed.push(backup.backupId);
    await removeBackup(store, backup, now(), result);
    onRemoved(result.removed.length, doomed.length);
  });
  if (signal.aborted) return result;
  const { removed, uploads, left } = await removeOrphans(store, orphans, { now, signal });
  const bytes = removed.reduce((sum, object) => sum + object.bytes, 0);
  result.orphans = { objects: removed.length, bytes, uploads: uploads.length, left };
  if (signal.aborted) return result;
  const kept = await deleteAll(store, runRecords);
  result.runRecords = runRecords.length - kept.length;
  result.left.push(...kept);
  return result;
}

/** The manifest goes first: from then on the backup does not exist, and the rest of it is nobody's. */
async function removeBackup(
  store: ObjectStore,
  { parts, backupId, runId }: PruneCandidate,
  now: Date,
  result: PruneResult,
): Promise<void> {
  const inUse = await backupsInUse(store, await listTargets(store), now);
  if (inUse.reasonFor(parts, runId)) return void result.spared.push(backupId);
  const manifest = manifestKey(parts);
  const stored = await readObjectIfPresent(store, manifest);
  const rest: string[] = [];
  for await (const { key } of store.list(backupPrefix(parts))) if (key !== manifest) rest.push(key);
  if (isPinned(await listMarks(store, parts))) return void result.spared.push(backupId);
  const error = await deleteUnlessDenied(store, manifest);
  if (error) return void result.refused.push({ backupId, error });
  // Whoever pins it from here on finds that it is gone; who did so just before was told that it stays.
  if (stored && isPinned(await listMarks(store, parts))) {
    await putIfAbsent(store, manifest, stored.bytes);
    return void result.spared.push(backupId);
  }
  result.removed.push(backupId);
  result.left.push(...(await deleteAll(store, rest)));
}

/** @returns those that the store refuses to let go */
async function deleteAll(store: ObjectStore, keys: string[]): Promise<Left[]> {
  const left: Left[] = [];
  await eachUntilFailure(keys, PARALLEL_DELETES, async (key) => {
    const denied = await deleteUnlessDenied(store, key);
    if (denied) left.push({ key, why: denied.message });
  });
  return left;
}

async function deleteUnlessDenied(store: ObjectStore, key: string): Promise<BackupError | undefined> {
  try {
    await store.delete(key);
    return undefined;
  } catch (error) {
    if (hasCode(error, 'store-denied')) return error;
    throw error;
  }
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
