import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

const BATCH_NODES = 500;

/** Write number `number` of a writer that is called `name`. */
type Write = (client: Redis, name: string, number: number) => Promise<unknown>;

const KINDS: Record<string, Write> = {
  node: (client, name, n) => client.call('GRAPH.QUERY', 'writes', `CREATE (:Write {by: '${name}', n: ${n}})`),
  batch: (client, name, n) =>
    client.call(
      'GRAPH.QUERY',
      'writes',
      `UNWIND range(1, ${BATCH_NODES}) AS i CREATE (:Write {by: '${name}', n: ${n}})`,
    ),
  key: (client, name, n) => client.set(`write:${name}:${n}`, 'x'),
  script: (client, name, n) => client.call('EVAL', "return redis.call('SET', KEYS[1], 'x')", 1, `write:${name}:${n}`),
};

/** How many writes of each connection are under way at a time. */
const PIPELINED = [1, 8];

export interface Writers {
  /** `<writer>:<number>` of those that were answered with success. */
  acknowledged: Set<string>;
  /** Of those that were answered with READONLY or NOREPLICAS. */
  refused: Set<string>;
  /** Of those that were cut off: they may have been carried out. */
  cutOff: Set<string>;
  /** Fulfilled once every write that was sent was answered. */
  stop(): Promise<void>;
}

/** Connections that write all the time, one by one and pipelined, and note what becomes of it. */
export function startWriters(url: string, round: number): Writers {
  const notes = { acknowledged: new Set<string>(), refused: new Set<string>(), cutOff: new Set<string>() };
  let isStopping = false;
  let written = 0;
  const keepWriting = async (client: Redis, name: string, write: Write) => {
    while (!isStopping) {
      const number = written++;
      const id = `${name}:${number}`;
      try {
        await write(client, name, number);
        notes.acknowledged.add(id);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        (/^(READONLY|NOREPLICAS)/.test(message) ? notes.refused : notes.cutOff).add(id);
        // Refused at once, it would do nothing else than ask again.
        await delay(5);
      }
    }
  };
  const working = Object.entries(KINDS).flatMap(([kind, write]) =>
    PIPELINED.map(async (atOnce) => {
      const client = new Redis(url, { protocol: 2, retryStrategy: null, maxRetriesPerRequest: 0 });
      client.on('error', () => {});
      const name = `${kind}${atOnce}r${round}`;
      await Promise.all(Array.from({ length: atOnce }, () => keepWriting(client, name, write)));
      client.disconnect();
    }),
  );
  return {
    ...notes,
    stop: async () => {
      isStopping = true;
      await Promise.all(working);
    },
  };
}

/** Those that a server holds. @throws where one is there in part */
export async function writesOn(client: Redis): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const page of client.scanStream({ match: 'write:*', count: 1000 })) {
    for (const key of page as string[]) found.add(key.slice('write:'.length));
  }
  if ((await client.exists('writes')) === 0) return found;
  const query = 'MATCH (w:Write) RETURN w.by, w.n, count(w)';
  const [, rows] = (await client.call('GRAPH.RO_QUERY', 'writes', query)) as [unknown, [string, number, number][]];
  for (const [by, n, count] of rows) {
    if (count !== (by.startsWith('batch') ? BATCH_NODES : 1)) throw new Error(`${by}:${n} is there ${count} times`);
    found.add(`${by}:${n}`);
  }
  return found;
}
