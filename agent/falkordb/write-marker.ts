import type { Database } from './database.ts';

/**
 * A text that differs if anything was written in between. The server's counter of writes starts again when a save ends,
 * so the number of saves begun belongs to it, less those of our own, and when the last one ended; and the list of
 * graphs, because creating an empty one does not count as a write (seen on 4.16.3).
 */
export async function writeMarker(db: Database, { ownSaves }: { ownSaves: number }): Promise<string> {
  const { runId, save } = await db.info();
  const graphs = await db.call('GRAPH.LIST');
  return JSON.stringify([
    runId,
    save.startedCount - ownSaves,
    save.lastSave,
    save.changes,
    Array.isArray(graphs) ? graphs.toSorted() : graphs,
  ]);
}
