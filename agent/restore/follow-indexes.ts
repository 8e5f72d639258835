import { toBackupError } from '../../core/model/errors.ts';
import type { GraphSummary } from '../../core/model/manifest.ts';
import type { BackupDeps } from '../backup.ts';
import { Database } from '../falkordb/database.ts';
import { untilIndexed } from '../falkordb/index-readiness.ts';
import { takeInventory } from '../falkordb/inventory.ts';

/** For a look at what is still being built. */
const LAST_LOOK_MS = 30_000;

/**
 * Waits until FalkorDB has built its indexes, for as long as the run may last. The restore has succeeded whatever
 * happens here.
 * @param graphs as they were when the data was compared
 * @returns those that are still being built, as `graph: label`
 */
export async function followIndexes(
  graphs: GraphSummary[],
  signal: AbortSignal,
  { config, log, onProgress }: Pick<BackupDeps, 'config' | 'log' | 'onProgress'>,
): Promise<string[]> {
  if (pendingIndexes(graphs).length === 0) return [];
  let seen = graphs;
  try {
    using db = await Database.connect(config.falkordb);
    const report = (done: number, total: number) => onProgress({ phase: 'indexes', unit: 'indexes', done, total });
    await untilIndexed(db, { onProgress: report, signal }).catch(async (error: unknown) => {
      seen = await takeInventory(db, { onProgress: () => {}, signal: AbortSignal.timeout(LAST_LOOK_MS) });
      throw error;
    });
    return [];
  } catch (error) {
    const reason = toBackupError(signal.aborted ? signal.reason : error);
    log.warn({ reason: reason.message }, 'Indexes are no longer followed; FalkorDB goes on building them');
    return pendingIndexes(seen);
  }
}

function pendingIndexes(graphs: GraphSummary[]): string[] {
  return graphs.flatMap(({ name, indexes }) =>
    indexes.filter(({ status }) => status !== 'OPERATIONAL').map(({ label }) => `${name}: ${label}`),
  );
}
