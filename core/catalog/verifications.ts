import { type BackupIdParts, parseBackupId } from '../model/backup-id.ts';
import { hasCode } from '../model/errors.ts';
import { parseVerificationKey, type VerificationName, verificationKey, verificationsPrefix } from '../model/keys.ts';
import type { Manifest } from '../model/manifest.ts';
import { decodeVerification, type Verification, verificationSchema } from '../model/verification.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { encodeJson, putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';

/**
 * Records what a verification came to, beside the manifest. One of the same second and outcome stays as it is: it says
 * the same.
 * @throws store-*
 */
export async function recordVerification(
  store: ObjectStore,
  parts: BackupIdParts,
  verification: Verification,
): Promise<void> {
  const key = verificationKey(parts, new Date(verification.verifiedAt), verification.outcome);
  await putIfAbsent(store, key, encodeJson(verificationSchema.parse(verification)));
}

/** The newest verifications of a backup, newest first; what cannot be read is left out. @throws store-* */
export async function readVerifications(
  store: ObjectStore,
  parts: BackupIdParts,
  limit: number,
): Promise<Verification[]> {
  const names = (await listVerifications(store, parts)).reverse().slice(0, limit);
  const verifications: Verification[] = [];
  for (const { at, outcome } of names) {
    const key = verificationKey(parts, at, outcome);
    try {
      const object = await readObjectIfPresent(store, key);
      if (object) verifications.push(decodeVerification(object.bytes, key));
    } catch (error) {
      if (!hasCode(error, 'integrity')) throw error;
    }
  }
  return verifications;
}

/** The newest verification of the very dump that the manifest names. @throws store-*, integrity where it cannot be read */
export async function newestVerification(store: ObjectStore, manifest: Manifest): Promise<Verification | undefined> {
  const parts = parseBackupId(manifest.backupId);
  if (!parts) return undefined;
  for (const { at, outcome } of (await listVerifications(store, parts)).reverse()) {
    const key = verificationKey(parts, at, outcome);
    const object = await readObjectIfPresent(store, key);
    const verification = object && decodeVerification(object.bytes, key);
    if (verification?.rdbSha256 === manifest.rdb.sha256) return verification;
  }
  return undefined;
}

/** In order of time. */
async function listVerifications(store: ObjectStore, parts: BackupIdParts): Promise<VerificationName[]> {
  const found: VerificationName[] = [];
  for await (const { key } of store.list(verificationsPrefix(parts))) {
    const name = parseVerificationKey(key);
    if (name) found.push(name);
  }
  return found.sort(byTime);
}

/** Of two in the same second the failure counts as the newer one. */
export function byTime(a: VerificationName, b: VerificationName): number {
  return a.at.getTime() - b.at.getTime() || (a.outcome === 'failed' ? 1 : 0) - (b.outcome === 'failed' ? 1 : 0);
}
