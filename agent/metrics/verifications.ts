import { byTime } from '../../core/catalog/verifications.ts';
import { isPlausible } from '../../core/model/alert.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { parseVerificationKey, tierPrefix, type VerificationName } from '../../core/model/keys.ts';
import { TIERS } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';

export interface Verifications {
  /** Undefined where there is none. */
  last: VerificationName | undefined;
  lastGood: VerificationName | undefined;
  /** When the oldest backup was due that left anything; it comes with the same listing. */
  oldestBackupAt: Date | undefined;
}

/** Of all backups of a target, as far as listing tells. @throws store-* */
export async function lastVerifications(store: ObjectStore, target: string, now: Date): Promise<Verifications> {
  const found: VerificationName[] = [];
  let oldestBackupAt: Date | undefined;
  for (const tier of TIERS) {
    for await (const { key } of store.list(tierPrefix(tier, target))) {
      const backupAt = parseBackupId(key.split('/')[2] ?? '')?.scheduledFor;
      if (backupAt && !(oldestBackupAt && oldestBackupAt <= backupAt)) oldestBackupAt = backupAt;
      const name = parseVerificationKey(key);
      if (name && isPlausible(name.at, now)) found.push(name);
    }
  }
  found.sort(byTime);
  return { last: found.at(-1), lastGood: found.findLast(({ outcome }) => outcome === 'loaded'), oldestBackupAt };
}
