import { isPlausible } from '../model/alert.ts';
import { parseBackupId } from '../model/backup-id.ts';
import type { Manifest } from '../model/manifest.ts';
import type { GoodRun } from '../model/overdue-events.ts';
import type { Tier } from '../model/tiers.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { listedBytes } from '../store/small-object.ts';
import { listBackups, type NewestEntry, newestEntriesOfTiers } from './catalog.ts';
import { listRuns, type Run } from './runs.ts';

/** A tier that has been skipped for longer counts by its last backup. */
const RUNS_WINDOW_MS = 35 * 24 * 3600 * 1000;

export interface GoodQuery {
  target: string;
  tier: Tier;
  /** Nobody needs to know of anything newer than one of this age: it saves most of the reading. */
  enoughAt: Date;
  now: Date;
}

/**
 * The newest backup of a tier that is all there and that no trial found bad, or the newest run of it that found no backup
 * needed, whichever is later.
 * @throws store-*
 */
export async function newestGood(store: ObjectStore, query: GoodQuery): Promise<GoodRun | null> {
  const { enoughAt, now } = query;
  const backup = await newestGoodBackup(store, query);
  if (backup && backup.at >= enoughAt) return backup;
  const recent = await newestSkip(store, query, enoughAt);
  if (recent && recent.at >= enoughAt) return recent;
  // Only where it is overdue: to say since when.
  const since = new Date(Math.max(now.getTime() - RUNS_WINDOW_MS, backup?.at.getTime() ?? 0));
  const skip = await newestSkip(store, query, since);
  return skip && (!backup || skip.at > backup.at) ? skip : backup;
}

/** The newest backup of a tier that is all there and that no trial found bad. @throws store-* */
export async function newestGoodBackup(
  store: ObjectStore,
  { target, tier, now }: Pick<GoodQuery, 'target' | 'tier' | 'now'>,
): Promise<GoodRun | null> {
  const [newest] = await newestEntriesOfTiers(store, target, [tier]);
  const manifest = newest && (await newestGoodManifest(store, newest, now));
  return manifest ? { at: coveredUpTo(manifest), backupId: manifest.backupId, what: 'backup' } : null;
}

/**
 * The same, where the newest of the tier is known already. Reads other manifests only where that one is not good.
 * @throws store-*
 */
export async function newestGoodManifest(
  store: ObjectStore,
  { manifest, verified }: NewestEntry,
  now: Date,
): Promise<Manifest | undefined> {
  const isGood = verified?.outcome !== 'failed' && isPlausible(coveredUpTo(manifest), now);
  const { target, tier, stored } = manifest;
  if (isGood && (await listedBytes(store, stored.key)) === stored.bytes) return manifest;
  const entries = await listBackups(store, { target, tier });
  return entries
    .flatMap((entry) =>
      'manifest' in entry.content && entry.isStored && entry.verified?.outcome !== 'failed'
        ? [entry.content.manifest]
        : [],
    )
    .filter((good) => isPlausible(coveredUpTo(good), now))
    .sort((a, b) => coveredUpTo(a).getTime() - coveredUpTo(b).getTime())
    .at(-1);
}

/**
 * When it was due, or when its dump was taken if that was later: a late one counts for all that came due meanwhile. The
 * dump's time is by FalkorDB's clock, which may be ahead of the agent's.
 */
export function coveredUpTo({ scheduledFor, rdb, completedAt }: Manifest): Date {
  const taken = Math.min(Date.parse(rdb.createdAt), Date.parse(completedAt));
  return new Date(Math.max(Date.parse(scheduledFor), taken));
}

async function newestSkip(store: ObjectStore, { target, tier, now }: GoodQuery, since: Date): Promise<GoodRun | null> {
  const runs = await listRuns(store, target, since);
  return latest(runs.flatMap((run) => toSkip(run, tier)).filter(({ at }) => isPlausible(at, now)));
}

function toSkip({ requested, verdicts }: Run, tier: Tier): GoodRun[] {
  const { verb, backupId = null } = requested ?? {};
  const parts = backupId === null ? undefined : parseBackupId(backupId);
  if (verb !== 'backup' || backupId === null || parts?.tier !== tier) return [];
  return verdicts.flatMap(({ verdict, reason, endedAt }) => {
    if (verdict !== 'skipped' || (reason !== 'unchanged' && reason !== 'covered')) return [];
    const at = new Date(Math.max(Date.parse(endedAt), parts.scheduledFor.getTime()));
    return [{ at, backupId, what: reason }];
  });
}

function latest(runs: GoodRun[]): GoodRun | null {
  return runs.toSorted((a, b) => a.at.getTime() - b.at.getTime()).at(-1) ?? null;
}
