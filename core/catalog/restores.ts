import { leaseKey, runKey, runsPrefix, verdictPrefix } from '../model/keys.ts';
import { requestedSchema } from '../model/run-record.ts';
import { targetSchema } from '../model/target.ts';
import { toCompactTimestamp } from '../model/timestamp.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readObjectIfPresent } from '../store/small-object.ts';

/** No run takes longer: its timeout is bounded to two days (core/model/settings.ts). */
const MAX_RUN_MS = 3 * 24 * 3600 * 1000;

/** Every target that has ever been worked on has a lease. */
export async function listTargets(store: ObjectStore): Promise<string[]> {
  const targets: string[] = [];
  for await (const { key } of store.list('locks/')) {
    const { data: target } = targetSchema.safeParse(key.slice('locks/'.length, -'.json'.length));
    if (target !== undefined && key === leaseKey(target)) targets.push(target);
  }
  return targets;
}

/** Ids of the backups that are being restored, into whatever target; those of runs that ended without a verdict too. */
export async function backupsInUse(store: ObjectStore, targets: string[], now: Date): Promise<Set<string>> {
  const since = toCompactTimestamp(new Date(now.getTime() - MAX_RUN_MS));
  const inUse = new Set<string>();
  for (const target of targets) {
    const open = new Set<string>();
    const prefix = runsPrefix(target);
    for await (const { key } of store.list(prefix, { startAfter: `${prefix}${since}` })) {
      const runId = key.split('/')[2] ?? '';
      if (key === runKey(target, runId, 'requested')) open.add(runId);
      if (key.startsWith(verdictPrefix(target, runId))) open.delete(runId);
    }
    for (const runId of open) {
      const backupId = await restoredBy(store, target, runId);
      if (backupId) inUse.add(backupId);
    }
  }
  return inUse;
}

/** Null where the run is no restore of a backup. */
async function restoredBy(store: ObjectStore, target: string, runId: string): Promise<string | null> {
  const object = await readObjectIfPresent(store, runKey(target, runId, 'requested'));
  if (!object) return null;
  const { data } = requestedSchema.safeParse(JSON.parse(new TextDecoder().decode(object.bytes)));
  return data?.verb === 'restore' ? data.backupId : null;
}
