import pMap from 'p-map';
import { type BackupIdParts, formatBackupId, parseBackupId } from '../model/backup-id.ts';
import { BackupError, toBackupError } from '../model/errors.ts';
import {
  type MarkName,
  manifestKey,
  parseAttemptKey,
  parseManifestKey,
  parseMarkKey,
  parseVerificationKey,
  tierPrefix,
  type VerificationName,
} from '../model/keys.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../model/manifest.ts';
import { isCollapseAccepted, isPinned } from '../model/mark.ts';
import { TIERS, type Tier } from '../model/tiers.ts';
import { decodeTombstone, type Tombstone } from '../model/tombstone.ts';
import type { VerificationOutcome } from '../model/verification.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';
import { byTime } from './verifications.ts';

const PARALLEL_READS = 16;
const WANTED_TIERS = TIERS.filter((tier) => tier !== 'pre-restore');

export interface CatalogEntry {
  key: string;
  backupId: string;
  parts: BackupIdParts;
  /** Either the manifest, or why it cannot be read: one bad manifest never hides the other backups. */
  content: { manifest: Manifest } | { error: BackupError };
  /** What the newest load into a throw-away FalkorDB came to; null where there was none. */
  verified: { at: string; outcome: VerificationOutcome } | null;
  pinned: boolean;
  collapseAccepted: boolean;
  /** Whether the listing holds its dump and its state, in their sizes; false where the manifest cannot be read. */
  isStored: boolean;
}

/** Makes the backup exist. False where its key is taken, by a manifest or a tombstone: then nothing was written. */
export async function commitManifest(store: ObjectStore, parts: BackupIdParts, manifest: Manifest): Promise<boolean> {
  return putIfAbsent(store, manifestKey(parts), encodeManifest(manifest));
}

export async function findManifest(store: ObjectStore, parts: BackupIdParts): Promise<Manifest | undefined> {
  const found = await findManifestOrTombstone(store, parts);
  return found && 'tombstone' in found ? undefined : found;
}

/** For whoever is about to make this backup: where there is a tombstone, it never will be. */
export async function findManifestOrTombstone(
  store: ObjectStore,
  parts: BackupIdParts,
): Promise<Manifest | Tombstone | undefined> {
  const object = await readObjectIfPresent(store, manifestKey(parts));
  return object && (decodeTombstone(object.bytes) ?? decodeOwn(object.bytes, parts));
}

/** A manifest that lies under another backup's key (somebody copied it) is none. */
function decodeOwn(bytes: Uint8Array, parts: BackupIdParts): Manifest {
  const key = manifestKey(parts);
  const manifest = decodeManifest(bytes, key);
  if (manifest.backupId === formatBackupId(parts)) return manifest;
  throw new BackupError('unreadable-manifest', `${key} is the manifest of another backup, ${manifest.backupId}.`, {
    hint: 'Something copied it there; delete it.',
  });
}

/** All backups of a store, or of one target or tier, oldest first by scheduled time. */
export async function listBackups(
  store: ObjectStore,
  filter: { target?: string; tier?: Tier } = {},
): Promise<CatalogEntry[]> {
  const tiers = filter.tier ? [filter.tier] : TIERS;
  const found = (await Promise.all(tiers.map((tier) => listFolders(store, tierPrefix(tier, filter.target))))).flat();
  const read = await pMap(found, (folder) => readEntryIfPresent(store, folder), { concurrency: PARALLEL_READS });
  const entries = read.filter((entry) => entry !== undefined);
  return entries.sort((a, b) => a.parts.scheduledFor.getTime() - b.parts.scheduledFor.getTime());
}

/**
 * The backup that a person means: a backup id, `latest`, or `latest:<tier>`. Latest is by the moment the dump was taken,
 * and never what a restore found there and put away: that has to be named.
 * @throws invalid-argument, backup-not-found, unreadable-manifest
 */
export async function resolveBackup(store: ObjectStore, target: string, reference: string): Promise<Manifest> {
  const parts = parseBackupId(reference);
  if (parts) return (await findManifest(store, parts)) ?? notFound(reference, target, store);

  const [word, tierName, ...rest] = reference.split(':');
  const tier = TIERS.find((candidate) => candidate === tierName);
  if (word !== 'latest' || rest.length > 0 || (tierName !== undefined && !tier)) {
    throw new BackupError('invalid-argument', `"${reference}" names no backup.`, {
      hint: `Give a backup id (see "list"), "latest", or "latest:<tier>" with a tier of ${TIERS.join(', ')}.`,
    });
  }
  return newest(await newestOfTiers(store, target, tier ? [tier] : WANTED_TIERS)) ?? notFound(reference, target, store);
}

/**
 * The newest readable backup of each of these tiers, by scheduled time. Reads one manifest a tier, however many there
 * are, unless the newest ones are unreadable.
 */
export async function newestOfTiers(store: ObjectStore, target: string, tiers: readonly Tier[]): Promise<Manifest[]> {
  return (await newestEntriesOfTiers(store, target, tiers)).map(({ manifest }) => manifest);
}

export interface NewestEntry extends Pick<CatalogEntry, 'verified'> {
  manifest: Manifest;
}

/** As `newestOfTiers`, with what the same listing tells of their verifications. */
export async function newestEntriesOfTiers(
  store: ObjectStore,
  target: string,
  tiers: readonly Tier[],
): Promise<NewestEntry[]> {
  const found = await Promise.all(tiers.map((tier) => newestReadable(store, tierPrefix(tier, target))));
  return found.filter((entry) => entry !== undefined);
}

/** By the moment the dump was taken, which is what it holds; completion can be hours later. */
export function newest(manifests: Manifest[]): Manifest | undefined {
  return manifests
    .toSorted((a, b) => compareTimes(a.rdb.createdAt, b.rdb.createdAt) || compareTimes(a.completedAt, b.completedAt))
    .at(-1);
}

/** Dumps are stamped in whole seconds, so several backups of a small database can share one. */
function compareTimes(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b);
}

async function newestReadable(store: ObjectStore, prefix: string): Promise<NewestEntry | undefined> {
  // Keys of a tier sort by scheduled time.
  for (const folder of (await listFolders(store, prefix)).reverse()) {
    const entry = await readEntryIfPresent(store, folder);
    if (entry && 'manifest' in entry.content) return { manifest: entry.content.manifest, verified: entry.verified };
  }
  return undefined;
}

/** What listing alone tells of a backup. */
export interface BackupFolder {
  parts: BackupIdParts;
  /** Its manifest, or the tombstone in its place. */
  manifest: Pick<ObjectInfo, 'bytes' | 'modifiedAt'>;
  verifications: VerificationName[];
  marks: MarkName[];
  /** Of all objects of attempts in the listing that found it, by key. */
  sizes: Map<string, number>;
}

/** @throws store-* */
export async function listFolders(store: ObjectStore, prefix: string): Promise<BackupFolder[]> {
  const folders = new Map<string, BackupFolder>();
  const verifications: VerificationName[] = [];
  const marks: MarkName[] = [];
  const sizes = new Map<string, number>();
  for await (const { key, bytes, modifiedAt } of store.list(prefix)) {
    if (parseAttemptKey(key)) sizes.set(key, bytes);
    const parts = parseManifestKey(key);
    if (parts) {
      const manifest = { bytes, modifiedAt };
      folders.set(formatBackupId(parts), { parts, manifest, verifications: [], marks: [], sizes });
    }
    const verification = parseVerificationKey(key);
    if (verification) verifications.push(verification);
    const mark = parseMarkKey(key);
    if (mark) marks.push(mark);
  }
  for (const mark of marks) folders.get(formatBackupId(mark.parts))?.marks.push(mark);
  for (const verification of verifications) {
    folders.get(formatBackupId(verification.parts))?.verifications.push(verification);
  }
  return [...folders.values()];
}

async function readEntryIfPresent(store: ObjectStore, folder: BackupFolder): Promise<CatalogEntry | undefined> {
  const entry = await readEntry(store, folder.parts);
  return (
    entry && {
      ...entry,
      ...saidOf(folder),
      collapseAccepted: isCollapseAccepted(folder.marks),
      isStored: 'manifest' in entry.content && isStored(entry.content.manifest, folder.sizes),
    }
  );
}

/** Of a backup, what its sidecars say: their names are enough. */
export function saidOf({ verifications, marks }: BackupFolder): Pick<CatalogEntry, 'verified' | 'pinned'> {
  const newest = verifications.toSorted(byTime).at(-1);
  return {
    verified: newest ? { at: newest.at.toISOString(), outcome: newest.outcome } : null,
    pinned: isPinned(marks),
  };
}

export function isStored({ stored, state }: Pick<Manifest, 'stored' | 'state'>, sizes: Map<string, number>): boolean {
  return [stored, state].every(({ key, bytes }) => sizes.get(key) === bytes);
}

/** Undefined where there is none: it was removed since it was listed, or is a tombstone. */
export async function readEntry(
  store: ObjectStore,
  parts: BackupIdParts,
): Promise<Pick<CatalogEntry, 'key' | 'backupId' | 'parts' | 'content'> | undefined> {
  const key = manifestKey(parts);
  const entry = { key, backupId: formatBackupId(parts), parts };
  try {
    const manifest = await findManifest(store, parts);
    return manifest && { ...entry, content: { manifest } };
  } catch (error) {
    const known = toBackupError(error);
    if (known.code !== 'unreadable-manifest' && known.code !== 'integrity') throw error;
    return { ...entry, content: { error: known } };
  }
}

function notFound(reference: string, target: string, store: ObjectStore): never {
  throw new BackupError('backup-not-found', `There is no backup "${reference}" of target ${target} in ${store.url}.`, {
    hint: '"falkordb-backup list" shows the backups of the target; --all-targets those of the whole store.',
  });
}
