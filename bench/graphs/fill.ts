import type { Database } from '../../agent/falkordb/database.ts';
import { untilIndexed } from '../../agent/falkordb/index-readiness.ts';
import type { GraphKind } from './graph-kind.ts';
import { knowledgeGraph } from './knowledge.ts';
import { propertyGraph } from './property.ts';
import { relationsGraph } from './relations.ts';

export const GRAPH_KINDS: readonly GraphKind[] = [propertyGraph, knowledgeGraph, relationsGraph];
/** What the graph is called on the server. */
export const GRAPH = 'bench';

/** How many batches make a dump of about so many bytes. */
export function batchesFor(kind: GraphKind, dumpBytes: number): number {
  return Math.max(1, Math.round(dumpBytes / kind.batchBytes));
}

/** Creates batches `from` to below `to`, and the indexes with the first of them; returns when all indexes are built. */
export async function fill(
  db: Database,
  kind: GraphKind,
  { from = 0, to, seed, signal }: { from?: number; to: number; seed: number; signal: AbortSignal },
): Promise<void> {
  const query = (text: string) => db.call('GRAPH.QUERY', GRAPH, text);
  // FalkorDB keeps the last queries, with their words, beside the graph: they would be a part of the dump.
  await db.call('GRAPH.CONFIG', 'SET', 'CMD_INFO', 'no');
  if (from === 0) {
    for (const index of kind.before) await query(index);
    // What is written while FalkorDB builds an index is indexed twice (4.16.3), and found twice by the queries that follow.
    await untilIndexed(db, { onProgress: () => {}, signal });
  }
  for (let number = from; number < to; number++) {
    signal.throwIfAborted();
    for (const text of kind.batch(number, seed)) await query(text);
  }
  if (from === 0) for (const index of kind.after) await query(index);
  await db.call('GRAPH.CONFIG', 'SET', 'CMD_INFO', 'yes');
  await untilIndexed(db, { onProgress: () => {}, signal });
}
