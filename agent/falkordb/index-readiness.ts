import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { hasCode } from '../../core/model/errors.ts';
import { decodeSingleCompactValue } from './compact-reply.ts';
import type { Database } from './database.ts';

const POLL_MS = 200;
const STATUSES = 'CALL db.indexes() YIELD status RETURN collect(status)';

/**
 * Waits until the indexes of all graphs are built: until then a freshly loaded FalkorDB is not what it was.
 * @param onProgress is told of indexes built, of all of the graphs looked at so far
 * @throws database-*; `signal`'s reason, which is what bounds it
 */
export async function untilIndexed(
  db: Database,
  { onProgress, signal }: { onProgress: (done: number, total: number) => void; signal: AbortSignal },
): Promise<void> {
  let built = 0;
  for (const graph of z.array(z.string()).parse(await db.call('GRAPH.LIST'))) {
    for (;;) {
      signal.throwIfAborted();
      const statuses = await readStatuses(db, graph);
      const done = statuses.filter((status) => status === 'OPERATIONAL').length;
      if (statuses.length > 0) onProgress(built + done, built + statuses.length);
      if (done === statuses.length) {
        built += done;
        break;
      }
      await setTimeout(POLL_MS, undefined, { signal });
    }
  }
}

/** None of a graph that was deleted since it was listed, or is in another database: GRAPH.LIST names those too. */
async function readStatuses(db: Database, graph: string): Promise<string[]> {
  try {
    const reply = await db.call('GRAPH.RO_QUERY', graph, STATUSES, '--compact');
    return z.array(z.string()).parse(decodeSingleCompactValue(reply));
  } catch (error) {
    if (hasCode(error, 'database-failed') && /empty key|WRONGTYPE/.test(error.message)) return [];
    throw error;
  }
}
