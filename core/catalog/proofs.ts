import { isPlausible } from '../model/alert.ts';
import { parseManifestKey, parseVerificationKey, tierPrefix } from '../model/keys.ts';
import { TIERS } from '../model/tiers.ts';
import { MAX_TOMBSTONE_BYTES } from '../model/tombstone.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface Proofs {
  /** Of the oldest backup that there is; null where there is none. */
  firstBackupAt: Date | null;
  /** When a backup was last loaded into a throw-away FalkorDB and found good; null where none was. */
  verifiedAt: Date | null;
}

/** Whether backups of a target were proved to load, as far as listing tells. @throws store-* */
export async function findProofs(store: ObjectStore, target: string, now: Date): Promise<Proofs> {
  const proofs: Proofs = { firstBackupAt: null, verifiedAt: null };
  for (const tier of TIERS) {
    for await (const { key, bytes } of store.list(tierPrefix(tier, target))) {
      const backupAt = bytes > MAX_TOMBSTONE_BYTES ? parseManifestKey(key)?.scheduledFor : undefined;
      if (backupAt && backupAt < (proofs.firstBackupAt ?? now)) proofs.firstBackupAt = backupAt;
      const { at, outcome } = parseVerificationKey(key) ?? {};
      if (!at || outcome !== 'loaded' || !isPlausible(at, now)) continue;
      if (!proofs.verifiedAt || at > proofs.verifiedAt) proofs.verifiedAt = at;
    }
  }
  return proofs;
}
