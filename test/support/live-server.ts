import { randomBytes } from 'node:crypto';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { type Address, parseAddress } from '../../agent/falkordb/address.ts';
import { type ScratchOptions, type ScratchServer, startScratch } from '../../agent/falkordb/scratch.ts';
import { eventually } from './eventually.ts';

/** A throw-away server with a connection to it. */
export interface LiveServer extends AsyncDisposable {
  server: ScratchServer;
  client: Redis;
  address: Address;
  graph(name: string, query: string): Promise<unknown>;
  /** Node counts by graph. */
  nodeCounts(): Promise<Record<string, number>>;
  /** One field of INFO. */
  info(field: string): Promise<string>;
  /** Plain keys of random bytes: each takes `rdb-key-save-delay`, and none of them compresses. */
  fill(keys: number, bytesEach?: number): Promise<void>;
  /** How many of those there are. FalkorDB itself adds keys for its telemetry, some time after the first query. */
  filledKeys(): Promise<number>;
  /** Microseconds that every later save and AOF rewrite takes for each key; one that runs keeps its own. */
  setSaveDelay(microsecondsPerKey: number): Promise<void>;
}

export async function startLiveServer(options: ScratchOptions = {}): Promise<LiveServer> {
  const server = await startScratch({ ...options, config: { 'repl-diskless-sync-delay': '0', ...options.config } });
  // FalkorDB 4.16.3 can hang for good on the first graph it creates, about once in 4000 starts under load; then say so.
  const client = new Redis(server.url, { retryStrategy: null, maxRetriesPerRequest: 0, commandTimeout: 30_000 });
  client.on('error', () => {});
  const address = parseAddress(server.url);
  if (!address) throw new Error(`${server.url} is no address`);
  const graph = (name: string, query: string) => client.call('GRAPH.QUERY', name, query);
  const info = async (field: string) => fieldOf(await client.info('everything'), field);
  return {
    server,
    client,
    address,
    graph,
    info,
    nodeCounts: () => nodeCounts(client),
    fill: async (keys, bytesEach = 8) => {
      for (let key = 0; key < keys; key++) await client.set(`key${key}`, randomBytes(bytesEach));
    },
    filledKeys: async () => (await client.keys('key*')).length,
    setSaveDelay: async (delay) => void (await client.config('SET', 'rdb-key-save-delay', delay)),
    [Symbol.asyncDispose]: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

async function nodeCounts(client: Redis): Promise<Record<string, number>> {
  const names = (await client.call('GRAPH.LIST')) as string[];
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) {
    const [, [[nodes]]] = (await client.call('GRAPH.RO_QUERY', name, 'MATCH (n) RETURN count(n)')) as [
      unknown,
      [[number]],
    ];
    counts[name] = nodes;
  }
  return counts;
}

function fieldOf(info: string, field: string): string {
  return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
}

/** The process that saves for the server, as soon as there is one that is not `other`. */
export async function saveChild({ server }: LiveServer, other?: number): Promise<number> {
  return eventually(async () => {
    const { stdout } = await execa('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { reject: false });
    const child = stdout
      .trim()
      .split(/\s+/)
      .map(Number)
      .find((pid) => pid > 0 && pid !== other);
    if (child === undefined) throw new Error(`${server.url} has no child`);
    return child;
  });
}
