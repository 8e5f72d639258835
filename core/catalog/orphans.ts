import { type BackupIdParts, parseBackupId } from '../model/backup-id.ts';
import { backupPrefix, manifestKey, parseAttemptKey, tierPrefix, verdictPrefix } from '../model/keys.ts';
import { TIERS } from '../model/tiers.ts';
import type { ObjectInfo, ObjectStore, UnfinishedUpload } from '../store/object-store.ts';
import { isListed } from '../store/small-object.ts';
import { readEntry } from './catalog.ts';
import { type Lease, workingRun } from './lease.ts';

/** What has neither a manifest nor a verdict may belong to a run that is under way, or is about to be taken up again. */
const ABANDONED_MS = 3 * 24 * 3600 * 1000;

/** Bytes that are nobody's backup: debris of runs that did not get as far as their manifest. */
export interface Orphans {
  objects: ObjectInfo[];
  uploads: UnfinishedUpload[];
}

/**
 * What of a target can be removed: objects and unfinished uploads of runs that have ended without the manifest of their
 * backup, or that nobody has touched for three days. Nothing of the run that holds the lease is, and nothing of a backup
 * whose manifest cannot be read.
 */
export async function findOrphans(store: ObjectStore, target: string, now: Date): Promise<Orphans> {
  const hasEnded = rememberPerRun((runId) => hasVerdict(store, target, runId));
  const isDead = async (key: string | null, since: Date) => {
    if (since.getTime() < now.getTime() - ABANDONED_MS) return true;
    const runId = key === null ? undefined : parseAttemptKey(key)?.runId;
    return runId !== undefined && (await hasEnded(runId));
  };
  const orphans: Orphans = { objects: [], uploads: [] };
  for (const tier of TIERS) {
    for await (const folder of listByBackup(store, tierPrefix(tier, target))) {
      const dead: ObjectInfo[] = [];
      for (const object of await unclaimed(store, folder)) {
        if (await isDead(object.key, object.modifiedAt)) dead.push(object);
      }
      if (dead.length > 0 && !(await wasCommitted(store, folder))) orphans.objects.push(...dead);
    }
    for await (const upload of store.listUploads(tierPrefix(tier, target))) {
      const isKnown = orphans.uploads.some(({ id }) => id === upload.id);
      if (!isKnown && (await isDead(upload.key, upload.startedAt))) orphans.uploads.push(upload);
    }
  }
  // A run that was given up once may have been taken up again; that it had not ended when we looked shows only now.
  const working = await workingRun(store, target, now);
  const isIdle = ({ key }: { key: string | null }) =>
    working === undefined || key === null || parseAttemptKey(key)?.runId !== working;
  return { objects: orphans.objects.filter(isIdle), uploads: orphans.uploads.filter(isIdle) };
}

/**
 * Removes them. Under the lease of their target, under which they must have been found too: what a run was working on
 * then may be a backup by now. The lease is looked at again before each: a run that was given up for dead and woke up
 * then finds that it has lost it, and cannot commit a manifest for bytes that are going.
 * @throws lease-lost, store-*
 */
export async function removeOrphans(store: ObjectStore, orphans: Orphans, lease: Lease): Promise<void> {
  for (const { key } of orphans.objects) {
    await lease.assertHeld();
    await store.delete(key);
  }
  for (const upload of orphans.uploads) {
    await lease.assertHeld();
    await store.abortUpload(upload);
  }
}

/** What lies under the prefix of one backup, whether that exists or not. */
interface BackupFolder {
  parts: BackupIdParts;
  objects: ObjectInfo[];
}

/** A folder that lies where another target's or tier's belongs was copied there by somebody: it is left alone. */
async function* listByBackup(store: ObjectStore, prefix: string): AsyncIterable<BackupFolder> {
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

/** All objects of a backup without a manifest; else those of other attempts than the manifest names. */
async function unclaimed(store: ObjectStore, folder: BackupFolder): Promise<ObjectInfo[]> {
  const { parts, objects } = folder;
  if (!hasManifest(folder)) return objects;
  const attempts = new Set(objects.flatMap(({ key }) => parseAttemptKey(key)?.folder ?? []));
  if (attempts.size <= 1) return [];
  const { content } = await readEntry(store, parts);
  if ('error' in content) return [];
  const { stored, state } = content.manifest;
  const claimed = [stored.key, state.key].map((key) => parseAttemptKey(key)?.folder);
  return objects.filter(({ key }) => {
    const attempt = parseAttemptKey(key)?.folder;
    return attempt !== undefined && !claimed.includes(attempt);
  });
}

/** After its objects were listed: then its run, which has ended meanwhile, did so by making the backup. */
async function wasCommitted(store: ObjectStore, folder: BackupFolder): Promise<boolean> {
  return !hasManifest(folder) && (await isListed(store, manifestKey(folder.parts)));
}

function hasManifest({ parts, objects }: BackupFolder): boolean {
  return objects.some(({ key }) => key === manifestKey(parts));
}

async function hasVerdict(store: ObjectStore, target: string, runId: string): Promise<boolean> {
  for await (const { key } of store.list(verdictPrefix(target, runId))) return key.endsWith('.json');
  return false;
}

function rememberPerRun(look: (runId: string) => Promise<boolean>): (runId: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  return (runId) => {
    const answer = known.get(runId) ?? look(runId);
    known.set(runId, answer);
    return answer;
  };
}
