import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { vi } from 'vitest';
import { INDEX_QUESTIONS } from './rich-data-questions.ts';
import { isFloat, plainRows, type Value } from './rich-data-values.ts';

const BUILD_TIMEOUT_MS = 60_000;
/** Rows beyond this are given as digests, so that a difference can still be printed. */
const ROWS_IN_FULL = 2_000;
const ROWS_PER_DIGEST = 10_000;
const TWO_TO_THE_100 = '1267650600228229401496703205376.0';

const ENTITIES = {
  nodes: ['MATCH (x)', 'id(x), labels(x), properties(x)'],
  edges: ['MATCH (a)-[x]->(b)', 'id(x), type(x), id(a), id(b), properties(x)'],
} as const;
const INDEXES = `CALL db.indexes() YIELD label, entitytype, properties, types, options, language, stopwords, status, info
  RETURN label, entitytype, properties, types, options, language, stopwords, status, info.fields, info.numDocuments
  ORDER BY label, entitytype`;
const CONSTRAINTS = `CALL db.constraints() YIELD type, label, properties, entitytype, status
  RETURN type, label, properties, entitytype, status ORDER BY entitytype, label, type, properties`;

export interface GraphReading {
  /** Rows with ids, so that gaps show: [id, labels, properties], or digests of many of them. */
  nodes: unknown[];
  /** [id, type, from, to, properties] */
  edges: unknown[];
  /** Of nodes and of edges: what the printed 15 digits of each float leave out; of large graphs nothing. */
  floatRests: [unknown[], unknown[]];
  labels: unknown;
  relationshipTypes: unknown;
  propertyKeys: unknown;
  indexes: unknown;
  constraints: unknown;
  /** Question -> the plan and the answer, where this graph is one that has questions. */
  answers: Record<string, unknown>;
}

export async function readGraph(reader: Redis, graph: string): Promise<GraphReading> {
  const ask = async (query: string) => plainRows(await reader.call('GRAPH.RO_QUERY', graph, query, '--compact'));
  await untilBuilt(ask);
  const [nodes, edges] = [await entities(ask, 'nodes'), await entities(ask, 'edges')];
  return {
    nodes: abridged(nodes),
    edges: abridged(edges),
    floatRests: [await floatRests(ask, 'nodes', nodes), await floatRests(ask, 'edges', edges)],
    labels: await ask('CALL db.labels()'),
    relationshipTypes: await ask('CALL db.relationshipTypes()'),
    propertyKeys: await ask('CALL db.propertyKeys()'),
    indexes: await ask(INDEXES),
    constraints: await ask(CONSTRAINTS),
    answers: await answers(reader, graph, ask),
  };
}

type Ask = (query: string) => Promise<Value[][]>;

/** Until every index and constraint is built. */
export async function untilBuilt(ask: Ask): Promise<void> {
  await vi.waitFor(
    async () => {
      const pending = [...(await ask(INDEXES)), ...(await ask(CONSTRAINTS))].filter(
        (row) => !row.includes('OPERATIONAL'),
      );
      if (pending.length > 0) throw new Error(`not OPERATIONAL yet: ${JSON.stringify(pending)}`);
    },
    { timeout: BUILD_TIMEOUT_MS, interval: 50 },
  );
}

async function entities(ask: Ask, kind: keyof typeof ENTITIES): Promise<Value[][]> {
  const [match, columns] = ENTITIES[kind];
  const rows = await ask(`${match} RETURN ${columns} ORDER BY id(x)`);
  // count(*) takes parallel edges for one (4.16.3).
  const [[count] = []] = await ask(`${match} RETURN count(x)`);
  // RESULTSET_SIZE and TIMEOUT cut answers without a word.
  if (count !== `integer ${rows.length}`) throw new Error(`${rows.length} of ${String(count)} ${kind} were read`);
  return rows;
}

function abridged(rows: Value[][]): unknown[] {
  if (rows.length <= ROWS_IN_FULL) return rows;
  const chunks = Array.from({ length: Math.ceil(rows.length / ROWS_PER_DIGEST) }, (_, i) =>
    rows.slice(i * ROWS_PER_DIGEST, (i + 1) * ROWS_PER_DIGEST),
  );
  return chunks.map((chunk) => ({
    first: chunk[0],
    rows: chunk.length,
    sha256: createHash('sha256').update(JSON.stringify(chunk)).digest('hex'),
  }));
}

/** FalkorDB prints 15 digits of a float; the server itself can tell what is left after 12 of them. */
async function floatRests(ask: Ask, kind: keyof typeof ENTITIES, rows: Value[][]): Promise<unknown[]> {
  const rests: unknown[] = [];
  if (rows.length > ROWS_IN_FULL) return rests;
  for (const row of rows) {
    const id = String(row[0]).replace('integer ', '');
    for (const [name, value] of Object.entries(row.at(-1) ?? {})) {
      if (!isFloat(value)) continue;
      // It refuses to read literals as small as the smallest floats.
      const factor = /e-3\d\d$/.test(value) ? TWO_TO_THE_100 : '1';
      const scaled = `${ENTITIES[kind][0]} WHERE id(x) = ${id} RETURN x.\`${name}\` * ${factor}`;
      const [[printed] = []] = await ask(scaled);
      const start = String(printed)
        .replace('float ', '')
        .replace(/(\.\d+?)\d{3}(?=e|$)/, '$1');
      const [[rest] = []] = await ask(`${scaled} - ${start}`);
      rests.push([id, name, factor, start, rest]);
    }
  }
  return rests;
}

async function answers(reader: Redis, graph: string, ask: Ask): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const question of INDEX_QUESTIONS[graph] ?? []) {
    found[question] = { plan: await reader.call('GRAPH.EXPLAIN', graph, question), rows: await ask(question) };
  }
  return found;
}
