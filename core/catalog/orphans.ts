import { parseBackupId } from '../model/backup-id.ts';
import { manifestKey, parseAttemptKey, tierPrefix, verdictPrefix } from '../model/keys.ts';
import { TIERS } from '../model/tiers.ts';
import type { ObjectInfo, ObjectStore, UnfinishedUpload } from '../store/object-store.ts';
import { readEntry } from './catalog.ts';
import type { Lease } from './lease.ts';

/** What has neither a manifest nor a verdict may belong to a run that is under way, or is about to be taken up again. */
const ABANDONED_MS = 3 * 24 * 3600 * 1000;

/** Bytes that are nobody's backup: debris of runs that did not get as far as their manifest. */
export interface Orphans {
  objects: ObjectInfo[];
  uploads: UnfinishedUpload[];
}

/**
 * What of a target can be removed: objects and unfinished uploads of runs that have ended without the manifest of their
 * backup, or that nobody has touched for three days. Where a manifest cannot be read, nothing of that backup is.
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
    for await (const object of unclaimed(store, tierPrefix(tier, target))) {
      if (await isDead(object.key, object.modifiedAt)) orphans.objects.push(object);
    }
    for await (const upload of store.listUploads(tierPrefix(tier, target))) {
      const isKnown = orphans.uploads.some(({ id }) => id === upload.id);
      if (!isKnown && (await isDead(upload.key, upload.startedAt))) orphans.uploads.push(upload);
    }
  }
  return orphans;
}

/**
 * Removes them. Under the lease of their target, which is looked at again before each: a run that was given up for dead
 * and woke up then finds that it has lost it, and cannot commit a manifest for bytes that are going.
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

/** Objects of backups without a manifest, and those of other attempts than the one that the manifest names. */
async function* unclaimed(store: ObjectStore, prefix: string): AsyncIterable<ObjectInfo> {
  let backupId = '';
  let group: ObjectInfo[] = [];
  // Keys come in order, so a backup's objects come together.
  for await (const object of store.list(prefix)) {
    const id = object.key.split('/')[2] ?? '';
    if (id !== backupId) yield* unclaimedOfBackup(store, backupId, group);
    if (id !== backupId) group = [];
    backupId = id;
    group.push(object);
  }
  yield* unclaimedOfBackup(store, backupId, group);
}

async function* unclaimedOfBackup(
  store: ObjectStore,
  backupId: string,
  group: ObjectInfo[],
): AsyncIterable<ObjectInfo> {
  const parts = parseBackupId(backupId);
  if (!parts) return;
  if (!group.some(({ key }) => key === manifestKey(parts))) return yield* group;
  const folders = new Set(group.flatMap(({ key }) => parseAttemptKey(key)?.folder ?? []));
  if (folders.size <= 1) return;
  const { content } = await readEntry(store, parts);
  if ('error' in content) return;
  const claimed = parseAttemptKey(content.manifest.stored.key)?.folder;
  for (const object of group) {
    const folder = parseAttemptKey(object.key)?.folder;
    if (folder !== undefined && folder !== claimed) yield object;
  }
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
