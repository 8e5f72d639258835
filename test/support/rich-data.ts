import type { Redis } from 'ioredis';
import { DATABASES, type DatabaseReading, readDatabase } from './rich-data-databases.ts';
import { fillGraphs } from './rich-data-graphs.ts';
import { fillKeys } from './rich-data-keys.ts';

const UDF = `function double(x) { return x * 2; }
function shout(text) { return text.toUpperCase() + '!'; }
falkor.register('double', double);
falkor.register('shout', shout);`;
const LUA = `#!lua name=richlua
redis.register_function('answer', function() return 'from Lua' end)`;

export interface RichData {
  /** Database number -> what it holds, graphs and plain keys by name. */
  databases: Record<string, DatabaseReading>;
  /** GRAPH.UDF LIST WITHCODE. */
  graphLibraries: unknown;
  /** FUNCTION LIST WITHCODE. */
  redisLibraries: unknown;
}

/** Puts everything that FalkorDB 4.16.3 can hold on an empty server, spread over two databases. Takes some seconds. */
export async function fillRichData(client: Redis): Promise<void> {
  await client.call('GRAPH.UDF', 'LOAD', 'rich', UDF);
  await client.call('FUNCTION', 'LOAD', LUA);
  const writer = client.duplicate({ protocol: 2 });
  try {
    await fillGraphs(writer);
    for (const database of DATABASES) {
      await writer.select(database);
      await fillKeys(writer, `in database ${database}`);
    }
  } finally {
    writer.disconnect();
  }
}

/**
 * All that a server holds, whoever put it there, as plain JSON in which no digit is lost: two servers hold the same
 * if and only if their readings are equal. Waits until every index and constraint is built. Leaves out `telemetry{*}`.
 */
export async function readRichData(client: Redis): Promise<RichData> {
  // As numbers, integers over 2^53 would be rounded.
  const reader = client.duplicate({ protocol: 2, stringNumbers: true });
  try {
    const keyspace = await reader.info('keyspace');
    const databases: RichData['databases'] = {};
    for (const [, database = ''] of keyspace.matchAll(/^db(\d+):/gm)) {
      await reader.select(database);
      databases[database] = await readDatabase(reader);
    }
    return {
      databases,
      graphLibraries: await reader.call('GRAPH.UDF', 'LIST', 'WITHCODE'),
      redisLibraries: await reader.call('FUNCTION', 'LIST', 'WITHCODE'),
    };
  } finally {
    reader.disconnect();
  }
}
