import { z } from 'zod';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import { type GraphSummary, graphSummarySchema } from '../../core/model/manifest.ts';
import { decodeSingleCompactValue } from './compact-reply.ts';
import type { Database } from './database.ts';
import { writeMarker } from './write-marker.ts';

/*
 * Each query answers with one row, so that a small RESULTSET_SIZE cannot cut it short. FalkorDB answers both counts
 * from its matrices' sizes, whatever the size of the graph.
 */
const QUERIES = {
  nodes: 'MATCH (n) RETURN count(n)',
  edges: 'MATCH ()-[e]->() RETURN count(e)',
  labels: 'CALL db.labels() YIELD label RETURN collect(label)',
  relationshipTypes: 'CALL db.relationshipTypes() YIELD relationshipType RETURN collect(relationshipType)',
  indexes: `CALL db.indexes() YIELD label, types, entitytype, status
    RETURN collect({label: label, properties: types, entity: toLower(entitytype), status: status})`,
  constraints: `CALL db.constraints() YIELD type, label, properties, entitytype, status
    RETURN collect({type: type, label: label, properties: properties, entity: toLower(entitytype), status: status})`,
} as const;

export interface InventoryOptions {
  onProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}

/**
 * What every graph of the server holds, in order of name.
 * @throws database-*; `signal`'s reason
 */
export async function takeInventory(db: Database, { onProgress, signal }: InventoryOptions): Promise<GraphSummary[]> {
  const names = z
    .array(z.string())
    .parse(await db.call('GRAPH.LIST'))
    .sort();
  const graphs: GraphSummary[] = [];
  for (const [index, name] of names.entries()) {
    signal.throwIfAborted();
    onProgress(index, names.length);
    const graph = await summarize(db, name);
    if (graph) graphs.push(graph);
  }
  onProgress(names.length, names.length);
  return graphs;
}

/** How often graphs are counted in the hope that nothing is written meanwhile. */
const QUIET_ATTEMPTS = 3;

export interface QuietInventory {
  graphs: GraphSummary[];
  /** What `writeMarker` gave before and after; null where writes went on each time. */
  marker: string | null;
}

/**
 * The inventory of one moment, where writes leave a gap that is long enough.
 * @throws database-*; `signal`'s reason
 */
export async function takeQuietInventory(db: Database, options: InventoryOptions): Promise<QuietInventory> {
  for (let attempt = 1; ; attempt++) {
    const marker = await writeMarker(db, { ownSaves: 0 });
    const graphs = await takeInventory(db, options);
    if ((await writeMarker(db, { ownSaves: 0 })) === marker) return { graphs, marker };
    if (attempt === QUIET_ATTEMPTS) return { graphs, marker: null };
  }
}

/** Undefined where the graph was deleted since it was listed. */
async function summarize(db: Database, name: string): Promise<GraphSummary | undefined> {
  const answers: Record<string, unknown> = { name };
  for (const [field, query] of Object.entries(QUERIES)) {
    try {
      answers[field] = sorted(decodeSingleCompactValue(await db.call('GRAPH.RO_QUERY', name, query, '--compact')));
    } catch (error) {
      if (hasCode(error, 'database-failed') && /empty key|WRONGTYPE/.test(error.message)) return undefined;
      throw error;
    }
  }
  const parsed = graphSummarySchema.safeParse(answers);
  if (parsed.success) return parsed.data;
  throw new BackupError('database-unsuitable', `FalkorDB at ${db.name} describes graph ${name} in an unknown way.`, {
    hint: 'This FalkorDB may be newer than this tool knows: upgrade falkordb-backup.',
    cause: parsed.error,
  });
}

/** The same graph must give the same summary each time. */
function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : value;
}
