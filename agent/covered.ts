import { newest, newestEntriesOfTiers } from '../core/catalog/catalog.ts';
import type { BackupIdParts } from '../core/model/backup-id.ts';
import type { Manifest } from '../core/model/manifest.ts';
import { SCHEDULED_TIERS, type Tier } from '../core/model/tiers.ts';
import type { ObjectStore } from '../core/store/object-store.ts';

/**
 * A good backup of a larger tier that was begun since this one was due: this one would hold nothing else. When its dump was
 * taken is by FalkorDB's clock, when it was begun by the agent's: one that is ahead must not make it look later.
 */
export async function findCovering(
  store: ObjectStore,
  { target, tier, scheduledFor }: BackupIdParts,
): Promise<Manifest | undefined> {
  const place = (SCHEDULED_TIERS as readonly Tier[]).indexOf(tier);
  const larger = SCHEDULED_TIERS.slice(0, Math.max(0, place));
  // Dumps are stamped in whole seconds.
  const due = Math.floor(scheduledFor.getTime() / 1000) * 1000;
  const entries = await newestEntriesOfTiers(store, target, larger);
  const isSince = ({ startedAt, rdb }: Manifest) =>
    Date.parse(startedAt) >= scheduledFor.getTime() && Date.parse(rdb.createdAt) >= due;
  const covering = entries.filter(({ manifest, verified }) => verified?.outcome !== 'failed' && isSince(manifest));
  return newest(covering.map(({ manifest }) => manifest));
}
