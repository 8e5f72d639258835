import type { BackupIdParts } from '../model/backup-id.ts';
import { manifestKey } from '../model/keys.ts';
import type { Manifest } from '../model/manifest.ts';
import { decodeTombstone, encodeTombstone, newTombstone, type Tombstone } from '../model/tombstone.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';
import { findManifestOrTombstone } from './catalog.ts';
import { workingRun } from './lease.ts';

/*
 * No lock holds a run off while the left-overs of its backup are removed, and none could: it may have been stopped just
 * before it writes its manifest, for as long as you like. So whoever removes them takes the key of the manifest first;
 * then the run's own create-only write fails. A run that takes the lease after that meets the tombstone at its start, and
 * one that took it before is seen by the second look at the lease, before anything is gone.
 */

/** A lease counts as held for so long after it has expired: clocks differ, and a short pause is no death. */
const GRACE_MS = 5 * 60_000;

/** A tombstone is taken back within this time or never ... */
const TAKE_BACK_MS = 2 * 60_000;

/** ... so that after this time others can build on it. */
const SETTLED_MS = 5 * 60_000;

const POLL_MS = 1000;

/** The run that works on a target, or may for all we know. */
export async function runAtWork(store: ObjectStore, target: string, now: Date): Promise<string | undefined> {
  return workingRun(store, target, new Date(now.getTime() - GRACE_MS));
}

/**
 * Makes sure that the backup can never be committed. Undefined where that is so; else why it is not, for people.
 * @throws store-*, integrity where the lease cannot be read
 */
export async function entomb(store: ObjectStore, parts: BackupIdParts, now: () => Date): Promise<string | undefined> {
  const before = await runAtWork(store, parts.target, now());
  if (before !== undefined) return `run ${before} is at work`;
  const tombstone = newTombstone(now());
  if (!(await putIfAbsent(store, manifestKey(parts), encodeTombstone(tombstone)))) return whyTaken(store, parts, now());
  const after = await runAtWork(store, parts.target, now());
  if (after === undefined) return undefined;
  if (now().getTime() - Date.parse(tombstone.removedAt) < TAKE_BACK_MS) await takeAway(store, parts, tombstone);
  return `run ${after} is at work`;
}

/**
 * For the run that is to make a backup, under its lease: what takes the place of its manifest. A tombstone that was put a
 * moment ago may be taken away again for the sake of that very run, so that is waited for.
 */
export async function findSettled(
  store: ObjectStore,
  parts: BackupIdParts,
  { now, wait }: { now: () => Date; wait: (ms: number) => Promise<unknown> },
): Promise<Manifest | Tombstone | undefined> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const found = await findManifestOrTombstone(store, parts);
    const mayGo = found && 'tombstone' in found && !isOlder(found, TAKE_BACK_MS, now());
    if (!mayGo || waitedMs >= TAKE_BACK_MS) return found;
    await wait(POLL_MS);
  }
}

async function whyTaken(store: ObjectStore, parts: BackupIdParts, now: Date): Promise<string | undefined> {
  const found = await findTombstone(store, parts);
  if (!found) return 'its manifest has been written meanwhile';
  if (isOlder(found, SETTLED_MS, now)) return undefined;
  return 'another prune is at it, or was a few minutes ago';
}

/** Removes a tombstone that has done its duty. @throws store-* */
export async function removeTombstone(
  store: ObjectStore,
  parts: BackupIdParts,
  { olderThanMs, now }: { olderThanMs: number; now: Date },
): Promise<boolean> {
  const found = await findTombstone(store, parts);
  if (!found || !isOlder(found, olderThanMs, now)) return false;
  await takeAway(store, parts, found);
  return true;
}

export async function findTombstone(store: ObjectStore, parts: BackupIdParts): Promise<Tombstone | undefined> {
  const object = await readObjectIfPresent(store, manifestKey(parts));
  return object && decodeTombstone(object.bytes);
}

/** Looks first: what lies there now may be another's, or a manifest. */
async function takeAway(store: ObjectStore, parts: BackupIdParts, { token }: Tombstone): Promise<void> {
  if ((await findTombstone(store, parts))?.token === token) await store.delete(manifestKey(parts));
}

function isOlder({ removedAt }: Tombstone, ageMs: number, now: Date): boolean {
  return now.getTime() - Date.parse(removedAt) > ageMs;
}
