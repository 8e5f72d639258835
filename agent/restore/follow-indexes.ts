import { setTimeout } from 'node:timers/promises';
import { toBackupError } from '../../core/model/errors.ts';
import type { GraphSummary } from '../../core/model/manifest.ts';
import type { BackupDeps } from '../backup.ts';
import { Database } from '../falkordb/database.ts';
import { takeInventory } from '../falkordb/inventory.ts';

const POLL_MS = 500;

/**
 * Waits until FalkorDB has built its indexes, for as long as the run may last. The restore has succeeded whatever
 * happens here.
 * @returns those that are still being built, as `graph: label`
 */
export async function followIndexes(
  graphs: GraphSummary[],
  signal: AbortSignal,
  { config, log, onProgress }: Pick<BackupDeps, 'config' | 'log' | 'onProgress'>,
): Promise<string[]> {
  const total = graphs.flatMap(({ indexes }) => indexes).length;
  let pending = pendingIndexes(graphs);
  if (pending.length === 0) return pending;
  try {
    using db = await Database.connect(config.falkordb);
    while (pending.length > 0) {
      onProgress({ phase: 'indexes', unit: 'indexes', done: total - pending.length, total });
      await setTimeout(POLL_MS, undefined, { signal });
      pending = pendingIndexes(await takeInventory(db, { onProgress: () => {}, signal }));
    }
  } catch (error) {
    const reason = toBackupError(signal.aborted ? signal.reason : error);
    log.warn({ reason: reason.message, pending }, 'Indexes are no longer followed; FalkorDB goes on building them');
  }
  return pending;
}

export function pendingIndexes(graphs: GraphSummary[]): string[] {
  return graphs.flatMap(({ name, indexes }) =>
    indexes.filter(({ status }) => status !== 'OPERATIONAL').map(({ label }) => `${name}: ${label}`),
  );
}
