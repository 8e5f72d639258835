import { coveredUpTo } from '../../core/catalog/newest-good.ts';
import { isPlausible } from '../../core/model/alert.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import { type Sample, sample } from './definitions.ts';
import { firstSeen } from './first-seen.ts';
import { runSamples } from './run-samples.ts';
import type { StoreFacts } from './store-facts.ts';

/** Of the backups, runs and verifications of one target, and of the store. */
export function storeSamples(facts: StoreFacts): Sample[] {
  const { target, backups, verifications, isLeaseHeld, size } = facts;
  const { last, lastGood } = verifications;
  const { scope } = size;
  return [
    sample('falkordb_backup_store_up', { target }, 1),
    sample('falkordb_backup_first_seen_timestamp_seconds', { target }, seconds(firstSeen(facts))),
    ...sourceSamples(target, backups),
    ...TIERS.flatMap((tier) => tierSamples(tier, facts)),
    ...runSamples(facts),
    sample('falkordb_backup_last_verification_timestamp_seconds', { target }, seconds(last?.at)),
    sample('falkordb_backup_last_proved_timestamp_seconds', { target }, seconds(lastGood?.at)),
    sample('falkordb_backup_last_verification_failed', { target }, last?.outcome === 'failed' ? 1 : 0),
    sample('falkordb_backup_lease_held', { target }, isLeaseHeld ? 1 : 0),
    sample('falkordb_backup_store_objects', { target, scope }, size.objects),
    sample('falkordb_backup_store_bytes', { target, scope }, size.storedBytes),
  ];
}

function tierSamples(tier: Tier, facts: StoreFacts): Sample[] {
  const { target, backups } = facts;
  const labels = { target, tier };
  const newest = backups.find((backup) => backup.tier === tier);
  const takenAt = newest && new Date(newest.rdb.createdAt);
  const ages = [
    sample('falkordb_backup_last_success_timestamp_seconds', labels, seconds(takenAt)),
    sample('falkordb_backup_last_fresh_timestamp_seconds', labels, seconds(freshAt(tier, newest, facts))),
  ];
  if (!newest) return ages;
  const { timings, rdb, stored, graphs } = newest;
  const sum = (count: 'nodes' | 'edges') => graphs.reduce((total, graph) => total + graph[count], 0);
  return [
    ...ages,
    sample('falkordb_backup_last_duration_seconds', labels, timings.totalSeconds),
    sample('falkordb_backup_last_rdb_bytes', labels, rdb.bytes),
    sample('falkordb_backup_last_stored_bytes', labels, stored.bytes),
    sample('falkordb_backup_last_graphs', labels, graphs.length),
    sample('falkordb_backup_last_nodes', labels, sum('nodes')),
    sample('falkordb_backup_last_edges', labels, sum('edges')),
  ];
}

/** By what the watchdog goes (core/catalog/newest-good.ts): a run that found no backup needed counts as one. */
function freshAt(tier: Tier, newest: Manifest | undefined, { runs, now }: StoreFacts): Date | undefined {
  const skips = runs.flatMap(({ requested, verdicts }) => {
    const parts = requested?.verb === 'backup' ? parseBackupId(requested.backupId ?? '') : undefined;
    if (parts?.tier !== tier) return [];
    return verdicts
      .filter(({ verdict, reason }) => verdict === 'skipped' && (reason === 'unchanged' || reason === 'covered'))
      .map(({ endedAt }) => new Date(Math.max(Date.parse(endedAt), parts.scheduledFor.getTime())));
  });
  const times = [...skips.filter((at) => isPlausible(at, now)), ...(newest ? [coveredUpTo(newest)] : [])];
  return times.sort((a, b) => a.getTime() - b.getTime()).at(-1);
}

function sourceSamples(target: string, backups: Manifest[]): Sample[] {
  const newest = backups.toSorted((a, b) => Date.parse(a.rdb.createdAt) - Date.parse(b.rdb.createdAt)).at(-1);
  if (!newest) return [];
  const { source, engine } = newest;
  const labels = { target, source, falkordb_version: engine.falkordb, redis_version: engine.redis };
  return [sample('falkordb_backup_source_info', labels, 1)];
}

/** 0 for never: a metric that is missing sets off no alarm. */
function seconds(time: Date | undefined): number {
  return time ? time.getTime() / 1000 : 0;
}
