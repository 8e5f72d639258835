import { type CatalogEntry, listBackups, resolveBackup } from '../core/catalog/catalog.ts';
import { type BackupError, toBackupError } from '../core/model/errors.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { readDump } from './pipeline/read-dump.ts';
import type { OnProgress } from './progress.ts';
import { readStateFile } from './state-file.ts';

export interface VerifyDeps {
  store: ObjectStore;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export interface Verification {
  backupId: string;
  /** Undefined where every check passed. */
  failure?: BackupError;
}

/** Re-reads the stored bytes of one backup. @throws backup-not-found, store-*; a damaged backup is a result, not an error */
export async function verifyOne(deps: VerifyDeps, target: string, reference: string): Promise<Verification> {
  return verifyManifest(deps, await resolveBackup(deps.store, target, reference));
}

/** Every backup of a target; one whose manifest cannot be read counts as damaged. */
export async function verifyAll(deps: VerifyDeps, target: string): Promise<Verification[]> {
  const verifications: Verification[] = [];
  for (const entry of await listBackups(deps.store, { target })) verifications.push(await verifyEntry(deps, entry));
  return verifications;
}

async function verifyEntry(deps: VerifyDeps, { backupId, content }: CatalogEntry): Promise<Verification> {
  return 'manifest' in content ? verifyManifest(deps, content.manifest) : { backupId, failure: content.error };
}

async function verifyManifest(deps: VerifyDeps, manifest: Manifest): Promise<Verification> {
  const { backupId } = manifest;
  try {
    await readStateFile(deps.store, manifest.state);
    await readWhole(deps, manifest);
    return { backupId };
  } catch (error) {
    deps.signal.throwIfAborted();
    const failure = toBackupError(error);
    // The store being away says nothing about the backup.
    if (failure.code !== 'integrity') throw failure;
    return { backupId, failure };
  }
}

async function readWhole({ store, onProgress, signal }: VerifyDeps, manifest: Manifest): Promise<void> {
  const total = manifest.stored.bytes;
  const report = (done: number) => onProgress({ phase: 'verify', unit: 'bytes', done, total });
  for await (const _ of readDump(store, manifest, { onProgress: report, signal })) signal.throwIfAborted();
}
