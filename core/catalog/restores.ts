import { z } from 'zod';
import { type BackupIdParts, formatBackupId } from '../model/backup-id.ts';
import { hasCode } from '../model/errors.ts';
import { leaseKey, runKey, runsPrefix, verdictPrefix } from '../model/keys.ts';
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

/** What restores are working on, into whatever target. */
export class BackupsInUse {
  readonly backupIds = new Set<string>();
  readonly openRuns = new Set<string>();
  /** With a run of which nobody can tell what it restores. */
  readonly uncertainTargets = new Set<string>();

  /**
   * Why it is in use, for people; undefined where it is not.
   * @param runId of the run that made it, where that is known: the safety backup of a restore that has not ended
   */
  reasonFor({ target, tier, ...parts }: BackupIdParts, runId: string | null): string | undefined {
    const isOwnSafetyBackup = tier === 'pre-restore' && runId !== null && this.openRuns.has(nameOf(target, runId));
    const backupId = formatBackupId({ ...parts, target, tier });
    if (isOwnSafetyBackup || this.backupIds.has(backupId)) return 'being restored';
    return this.uncertainTargets.has(target)
      ? 'may be being restored: the record of an open run cannot be read'
      : undefined;
  }
}

/**
 * Of runs without a verdict, those that ended without one too. Where the record of one cannot be read, all backups of its
 * target are in use until it has its verdict, or three days have passed.
 */
export async function backupsInUse(store: ObjectStore, targets: string[], now: Date): Promise<BackupsInUse> {
  const since = toCompactTimestamp(new Date(now.getTime() - MAX_RUN_MS));
  const inUse = new BackupsInUse();
  for (const target of targets) {
    const open = new Set<string>();
    const prefix = runsPrefix(target);
    for await (const { key } of store.list(prefix, { startAfter: `${prefix}${since}` })) {
      const runId = key.split('/')[2] ?? '';
      if (key === runKey(target, runId, 'requested')) open.add(runId);
      if (key.startsWith(verdictPrefix(target, runId))) open.delete(runId);
    }
    for (const runId of open) {
      inUse.openRuns.add(nameOf(target, runId));
      const restored = await restoredBy(store, target, runId);
      if (restored === 'unknown') inUse.uncertainTargets.add(target);
      else if (restored) inUse.backupIds.add(restored.backupId);
    }
  }
  return inUse;
}

function nameOf(target: string, runId: string): string {
  return `${target}/${runId}`;
}

/** Of any schema version, so that an older prune still knows what a newer agent restores. */
const looseRequestSchema = z.union([
  z.object({ verb: z.enum(['backup', 'plan', 'prune']) }),
  z.object({ verb: z.string(), backupId: z.string().nullable() }),
]);

/** Null where the run is no restore of a backup. */
async function restoredBy(
  store: ObjectStore,
  target: string,
  runId: string,
): Promise<{ backupId: string } | 'unknown' | null> {
  const json = await readJsonIfPresent(store, runKey(target, runId, 'requested'));
  if (json === null) return null;
  const { data } = looseRequestSchema.safeParse(json);
  if (!data) return 'unknown';
  return 'backupId' in data && data.backupId !== null ? { backupId: data.backupId } : null;
}

/** Null where there is none; undefined where it is not JSON, or far too large. */
async function readJsonIfPresent(store: ObjectStore, key: string): Promise<unknown> {
  try {
    const object = await readObjectIfPresent(store, key);
    return object ? (JSON.parse(new TextDecoder().decode(object.bytes)) ?? undefined) : null;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'integrity')) return undefined;
    throw error;
  }
}
