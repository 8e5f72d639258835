import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** All that a server holds: two that are equal hold the same, value by value. */
export interface Fingerprint {
  /** Graph -> nodes and edges. */
  graphs: Record<string, [nodes: number, edges: number]>;
  /** Plain keys. */
  keys: number;
  sha256: string;
}

const NODES = 'MATCH (n) RETURN ID(n), labels(n), properties(n)';
const EDGES = 'MATCH (a)-[e]->(b) RETURN ID(e), ID(a), type(e), ID(b), properties(e)';

/** Only reads, so it may be taken of a replica; writes that go on meanwhile make it worthless. */
export async function fingerprint(client: Redis): Promise<Fingerprint> {
  const digest = createHash('sha256');
  const graphs: Fingerprint['graphs'] = {};
  const names = ((await client.call('GRAPH.LIST')) as string[]).toSorted();
  for (const name of names) {
    const nodes = await rows(client, name, NODES);
    const edges = await rows(client, name, EDGES);
    graphs[name] = [nodes.length, edges.length];
    digest.update(JSON.stringify([name, nodes, edges]));
  }
  const keys = await plainKeys(client, new Set(names));
  for (const key of keys) {
    const value = (await client.callBuffer('DUMP', key)) as Buffer;
    digest.update(JSON.stringify([key, value.length])).update(value);
  }
  return { graphs, keys: keys.length, sha256: digest.digest('hex') };
}

/** Sorted, so that the order of the answer does not matter. */
async function rows(client: Redis, graph: string, query: string): Promise<string[]> {
  const [, found] = (await client.call('GRAPH.RO_QUERY', graph, query)) as [unknown, unknown[]];
  return found.map((row) => JSON.stringify(row)).sort();
}

async function plainKeys(client: Redis, graphs: Set<string>): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of client.scanStream()) keys.push(...(page as string[]));
  // FalkorDB notes there what was asked of a graph.
  return [...new Set(keys)].filter((key) => !graphs.has(key) && !key.startsWith('telemetry{')).sort();
}
