import { type BackupIdParts, parseBackupId } from '../model/backup-id.ts';
import { backupPrefix, manifestKey, parseAttemptKey } from '../model/keys.ts';
import { MAX_TOMBSTONE_BYTES } from '../model/tombstone.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { isListed } from '../store/small-object.ts';
import { readEntry } from './catalog.ts';
import { hasVerdict } from './runs.ts';
import { findTombstone } from './tombstones.ts';

/** What has neither a manifest nor a verdict may belong to a run that is under way, or is about to be taken up again. */
export const ABANDONED_MS = 3 * 24 * 3600 * 1000;

/** What lies under the prefix of one backup, whether that exists or not. */
export interface BackupFolder {
  parts: BackupIdParts;
  objects: ObjectInfo[];
}

/** A folder that lies where another target's or tier's belongs was copied there by somebody: it is left alone. */
export async function* listByBackup(store: ObjectStore, prefix: string): AsyncIterable<BackupFolder> {
  let folder: BackupFolder | undefined;
  // Keys come in order, so a backup's objects come together.
  for await (const object of store.list(prefix)) {
    if (!folder || !object.key.startsWith(backupPrefix(folder.parts))) {
      if (folder) yield folder;
      const parts = parseBackupId(object.key.split('/')[2] ?? '');
      folder = parts && object.key.startsWith(backupPrefix(parts)) ? { parts, objects: [] } : undefined;
    }
    folder?.objects.push(object);
  }
  if (folder) yield folder;
}

/** Whether nobody goes on with what lies under a key, or is being uploaded to it. */
export type IsDead = (key: string | null, since: Date) => Promise<boolean>;

export function deathOf(store: ObjectStore, target: string, now: Date): IsDead {
  const known = new Map<string, Promise<boolean>>();
  const hasEnded = (runId: string) => {
    const answer = known.get(runId) ?? hasVerdict(store, target, runId);
    known.set(runId, answer);
    return answer;
  };
  return async (key, since) => {
    if (since.getTime() < now.getTime() - ABANDONED_MS) return true;
    const runId = key === null ? undefined : parseAttemptKey(key)?.runId;
    return runId !== undefined && (await hasEnded(runId));
  };
}

export interface ExaminedFolder {
  parts: BackupIdParts;
  holds: 'nothing' | 'tombstone' | 'manifest';
  /** Of attempts that no manifest names. */
  attempts: { object: ObjectInfo; isDead: boolean }[];
  /** That lie beside no manifest; never those beside one. */
  sidecars: { object: ObjectInfo; isDead: boolean }[];
  /** Of the tombstone, where nothing else is left and it is old enough. */
  spentTombstone: ObjectInfo | undefined;
}

export async function examine(store: ObjectStore, folder: BackupFolder, isDead: IsDead): Promise<ExaminedFolder> {
  const { parts, objects } = folder;
  const head = objects.find(({ key }) => key === manifestKey(parts));
  const holds = await whatLiesThere(store, parts, head);
  const unclaimed = holds === 'manifest' ? await otherAttempts(store, folder) : objects.filter((one) => one !== head);
  const judged = await Promise.all(
    unclaimed.map(async (object) => ({ object, isDead: await isDead(object.key, object.modifiedAt) })),
  );
  const isSpent = holds === 'tombstone' && head && judged.length === 0 && (await isDead(null, head.modifiedAt));
  const isOfAttempt = ({ object }: { object: ObjectInfo }) => parseAttemptKey(object.key) !== undefined;
  const examined: ExaminedFolder = {
    parts,
    holds,
    attempts: judged.filter(isOfAttempt),
    sidecars: judged.filter((one) => !isOfAttempt(one)),
    spentTombstone: isSpent ? head : undefined,
  };
  const hasDead = judged.some((one) => one.isDead);
  // After its objects were listed: then its run, which has ended meanwhile, did so by making the backup.
  const wasCommitted = holds === 'nothing' && hasDead && (await isListed(store, manifestKey(parts)));
  return wasCommitted ? { ...examined, attempts: [], sidecars: [] } : examined;
}

/**
 * The orphans among them while this run works, and whether another run than that may still make the backup. Sidecars go
 * with the last attempt.
 */
export function orphansIn(
  { holds, attempts, sidecars }: ExaminedFolder,
  working: string | undefined,
): { objects: ObjectInfo[]; isAwaited: boolean } {
  const dead = attempts.filter(({ object, isDead }) => isDead && !isOf(working, object.key));
  const isAwaited = holds !== 'manifest' && dead.length < attempts.length;
  const isForsaken = !isAwaited && (attempts.length > 0 || holds === 'tombstone');
  const loose = sidecars.filter(({ isDead }) => isDead || isForsaken);
  return { objects: [...dead, ...loose].map(({ object }) => object), isAwaited };
}

/** Whether a key is of an attempt of this run. */
export function isOf(runId: string | undefined, key: string | null): boolean {
  return runId !== undefined && key !== null && parseAttemptKey(key)?.runId === runId;
}

/** Small ones alone are read: no tombstone is large. */
async function whatLiesThere(
  store: ObjectStore,
  parts: BackupIdParts,
  head: ObjectInfo | undefined,
): Promise<ExaminedFolder['holds']> {
  if (!head) return 'nothing';
  return head.bytes <= MAX_TOMBSTONE_BYTES && (await findTombstone(store, parts)) ? 'tombstone' : 'manifest';
}

/** Objects of other attempts than the manifest names; none where that cannot be read, or was removed meanwhile. */
async function otherAttempts(store: ObjectStore, { parts, objects }: BackupFolder): Promise<ObjectInfo[]> {
  const attempts = new Set(objects.flatMap(({ key }) => parseAttemptKey(key)?.folder ?? []));
  if (attempts.size <= 1) return [];
  const entry = await readEntry(store, parts);
  if (!entry || 'error' in entry.content) return [];
  const { stored, state } = entry.content.manifest;
  const claimed = [stored.key, state.key].map((key) => parseAttemptKey(key)?.folder);
  return objects.filter(({ key }) => {
    const attempt = parseAttemptKey(key)?.folder;
    return attempt !== undefined && !claimed.includes(attempt);
  });
}
