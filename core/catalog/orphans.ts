import { parseBackupId } from '../model/backup-id.ts';
import { tierPrefix } from '../model/keys.ts';
import { TIERS } from '../model/tiers.ts';
import type { ObjectInfo, ObjectStore, UnfinishedUpload } from '../store/object-store.ts';
import { workingRun } from './lease.ts';
import { deathOf, type ExaminedFolder, examine, isOf, listByBackup, orphansIn } from './orphan-folders.ts';
import { type OrphanRemoval, OrphanRemover } from './orphan-removal.ts';

/** Bytes that are nobody's backup: debris of runs that did not get as far as their manifest. */
export interface Orphans {
  target: string;
  objects: ObjectInfo[];
  uploads: UnfinishedUpload[];
  /** That nobody needs any more, and nothing else lies beside; they are no bytes to speak of. */
  tombstones: ObjectInfo[];
}

/**
 * What of a target can be removed: objects and unfinished uploads of runs that have ended without the manifest of their
 * backup, or that nobody has touched for three days. Nothing of the run that holds the lease is, and nothing of a backup
 * whose manifest cannot be read.
 * @throws store-*, integrity where the lease cannot be read
 */
export async function findOrphans(store: ObjectStore, target: string, now: Date): Promise<Orphans> {
  const isDead = deathOf(store, target, now);
  const folders: ExaminedFolder[] = [];
  const uploads: UnfinishedUpload[] = [];
  for (const tier of TIERS) {
    for await (const folder of listByBackup(store, tierPrefix(tier, target))) {
      folders.push(await examine(store, folder, isDead));
    }
    for await (const upload of store.listUploads(tierPrefix(tier, target))) {
      const isKnown = uploads.some(({ id }) => id === upload.id);
      if (!isKnown && (await isDead(upload.key, upload.startedAt))) uploads.push(upload);
    }
  }
  // A run that was given up once may have been taken up again; that it had not ended when we looked shows only now.
  const working = await workingRun(store, target, now);
  return {
    target,
    objects: folders.flatMap((folder) => orphansIn(folder, working).objects),
    uploads: uploads.filter((upload) => !isOf(working, upload.key)),
    tombstones: folders.flatMap(({ spentTombstone }) => spentTombstone ?? []),
  };
}

/**
 * Removes what of them still is one. Takes no lease and delays nobody: where a backup has no manifest, a tombstone takes
 * its place before the first byte goes, and while a run is at work nothing of such a backup is touched. An interruption
 * leaves orphans, which the next time removes. What the store refuses to let go stays.
 * @param now is asked again and again
 * @param signal ends it after the backups that are being looked at; the rest is left
 * @throws store-*, integrity where the lease cannot be read; then nothing is under way any more
 */
export async function removeOrphans(
  store: ObjectStore,
  orphans: Orphans,
  { now, signal }: { now: () => Date; signal?: AbortSignal },
): Promise<OrphanRemoval> {
  const { target, objects, uploads, tombstones } = orphans;
  const remover = new OrphanRemover({ store, target, now, signal, planned: objects });
  const backupIds = new Set([...objects, ...tombstones].map(({ key }) => key.split('/')[2] ?? ''));
  await remover.removeFolders([...backupIds].flatMap((backupId) => parseBackupId(backupId) ?? []));
  await remover.abortUploads(uploads);
  return remover.result;
}
