import { type CatalogEntry, listBackups, resolveBackup } from '../core/catalog/catalog.ts';
import { type BackupIdParts, parseBackupId } from '../core/model/backup-id.ts';
import { BackupError, type ErrorCode, toBackupError } from '../core/model/errors.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { Verification } from '../core/model/verification.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { verificationFailed } from './events.ts';
import { readDump } from './pipeline/read-dump.ts';
import type { OnProgress } from './progress.ts';
import { readStateFile } from './state-file.ts';
import { createTeller, type TellingDeps } from './telling.ts';

export interface VerifyDeps {
  store: ObjectStore;
  onProgress: OnProgress;
  signal: AbortSignal;
  /** Where it is given, each backup is also loaded by it. */
  load?: (manifest: Manifest, parts: BackupIdParts) => Promise<Verification>;
}

export interface VerifyResult {
  backupId: string;
  /** Undefined where every check passed. */
  failure?: BackupError;
  /** Undefined where it was not loaded: that was not asked for, or its bytes are damaged. */
  loaded?: { manifest: Manifest; verification: Verification };
  /** Why it could not be tried: this says nothing about the backup. */
  notLoaded?: BackupError;
}

/** These may be another backup's luck: it is smaller, or older. */
const ABOUT_LOADING: readonly ErrorCode[] = ['no-room', 'engine-missing', 'database-failed', 'deadline'];

/** Re-reads the stored bytes of one backup. @throws backup-not-found, store-*; a damaged backup is a result, not an error */
export async function verifyOne(deps: VerifyDeps, target: string, reference: string): Promise<VerifyResult> {
  return verifyManifest(deps, await resolveBackup(deps.store, target, reference));
}

/**
 * Every backup of a target; one whose manifest cannot be read counts as damaged, and one that there is no room for does
 * not keep the others from being loaded.
 * @throws store-*, `signal`'s reason, and whatever else is in the way of all of them
 */
export async function verifyAll(deps: VerifyDeps, target: string): Promise<VerifyResult[]> {
  const results: VerifyResult[] = [];
  for (const entry of await listBackups(deps.store, { target })) results.push(await verifyEntry(deps, entry));
  return results;
}

async function verifyEntry(deps: VerifyDeps, { backupId, content }: CatalogEntry): Promise<VerifyResult> {
  if ('error' in content) return { backupId, failure: content.error };
  try {
    return await verifyManifest(deps, content.manifest);
  } catch (error) {
    if (deps.signal.aborted || !(error instanceof BackupError) || !ABOUT_LOADING.includes(error.code)) throw error;
    return { backupId, notLoaded: error };
  }
}

async function verifyManifest(deps: VerifyDeps, manifest: Manifest): Promise<VerifyResult> {
  const { backupId } = manifest;
  const parts = parseBackupId(backupId);
  try {
    await readStateFile(deps.store, manifest.state);
    if (!deps.load || !parts) {
      await readWhole(deps, manifest);
      return { backupId };
    }
    // It reads the same bytes, and lets none of the checks out.
    const verification = await deps.load(manifest, parts);
    const loaded = { manifest, verification };
    const failure = whyFailed(verification);
    return failure ? { backupId, failure, loaded } : { backupId, loaded };
  } catch (error) {
    deps.signal.throwIfAborted();
    const failure = toBackupError(error);
    // The store being away says nothing about the backup.
    if (failure.code !== 'integrity') throw failure;
    return { backupId, failure };
  }
}

/** That it could not be tried says nothing about a backup, and is not told. */
export async function tellOfDamage(results: VerifyResult[], deps: TellingDeps & { now: () => Date }): Promise<void> {
  const events = results.flatMap(({ backupId, failure }) => {
    const event = failure && verificationFailed(backupId, failure, deps.now());
    return event ? [event] : [];
  });
  await createTeller(deps).tell(...events);
}

/** Undefined where it was loaded and is what its manifest says. */
export function whyFailed({ backupId, outcome, failure, differences }: Verification): BackupError | undefined {
  if (outcome === 'loaded') return undefined;
  const message = failure?.message ?? `${backupId} is not what its manifest says: ${differences.join('; ')}.`;
  return new BackupError('integrity', message, {
    hint: 'Its bytes are as they were stored. Use another backup, and keep this one for a report to FalkorDB.',
  });
}

async function readWhole({ store, onProgress, signal }: VerifyDeps, manifest: Manifest): Promise<void> {
  const total = manifest.stored.bytes;
  const report = (done: number) => onProgress({ phase: 'verify', unit: 'bytes', done, total });
  for await (const _ of readDump(store, manifest, { onProgress: report, signal })) signal.throwIfAborted();
}
