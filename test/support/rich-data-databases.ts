import type { Redis } from 'ioredis';
import { type GraphReading, readGraph } from './rich-data-graph-reading.ts';
import { type KeyReading, readKey } from './rich-data-key-reading.ts';

/** Where `fillRichData` puts plain keys. */
export const DATABASES = [0, 5];

export interface DatabaseReading {
  graphs: Record<string, GraphReading>;
  keys: Record<string, KeyReading>;
}

/** The selected database of a client that speaks RESP2 and gives integers as text. */
export async function readDatabase(reader: Redis): Promise<DatabaseReading> {
  const reading: DatabaseReading = { graphs: {}, keys: {} };
  for (const key of await allKeys(reader)) {
    const type = await reader.type(key);
    if (type === 'graphdata') reading.graphs[key] = await readGraph(reader, key);
    // FalkorDB's own record of queries, which it trims and forgets as it likes.
    else if (!key.startsWith('telemetry{')) reading.keys[key] = await readKey(reader, key, type);
  }
  return reading;
}

async function allKeys(reader: Redis): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await reader.scan(cursor, 'COUNT', 1000);
    for (const key of page) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys].sort();
}
