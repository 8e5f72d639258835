import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Redis } from 'ioredis';
import { type Address, parseAddress } from '../../agent/falkordb/address.ts';
import { resolveEngine } from '../../agent/falkordb/engine.ts';
import { FROZEN_AFTER_MS, FrozenServerError, throwOnceFrozen } from '../../agent/falkordb/frozen-server.ts';
import { type Supervised, supervise } from '../../agent/falkordb/supervisor.ts';
import { temporaryFolder } from './temporary-folder.ts';

const HOST = '127.0.0.1';
const RECONNECT_MS = 20;

/** A FalkorDB that is started again on the same data whenever it ends, as by Docker's `restart: always`. */
export interface RestartingServer extends AsyncDisposable {
  url: string;
  address: Address;
  /** Where its data is. */
  folder: string;
  /** Connects again, and asks again, until the server answers. */
  client: Redis;
  /** One field of INFO. */
  info(field: string): Promise<string>;
  /** As `kill -9` does. */
  kill(): void;
  /** How often it was started. */
  starts(): number;
}

export async function startRestartingServer(config: Record<string, string>): Promise<RestartingServer> {
  const engine = await resolveEngine();
  const parent = await temporaryFolder();
  const folder = join(parent.path, 'data');
  await mkdir(folder);
  const port = await freePort();
  const directives = {
    save: '',
    'repl-diskless-sync-delay': '0',
    ...config,
    loadmodule: engine.modulePath,
    bind: engine.bindAddress,
    'protected-mode': 'no',
    port: String(port),
    dir: folder,
  };
  let isStopping = false;
  let starts = 0;
  let running: Supervised | undefined;
  const keepRunning = async () => {
    while (!isStopping) {
      const home = await mkdtemp(join(tmpdir(), 'falkordb-scratch-'));
      const configFile = join(home, 'redis.conf');
      await writeFile(
        configFile,
        Object.entries(directives)
          .map(([name, value]) => `${name} "${value}"\n`)
          .join(''),
      );
      const name = basename(home);
      const command = engine.command({ name, folders: [home, folder], configFile, port });
      const container = engine.isContainer ? name : undefined;
      const log = join(parent.path, `server-${starts}.log`);
      running = supervise(command, { folder: home, container, log });
      starts += 1;
      if (isStopping) running.kill();
      await replacedIfFrozen(running, log, client);
    }
  };
  const url = `redis://${HOST}:${port}`;
  const client = new Redis(url, {
    protocol: 2,
    retryStrategy: () => RECONNECT_MS,
    maxRetriesPerRequest: null,
    maxLoadingRetryTime: RECONNECT_MS,
    commandTimeout: 60_000,
  });
  client.on('error', () => {});
  const stopped = keepRunning();
  const address = parseAddress(url);
  if (!address) throw new Error(`${url} is no address`);
  const server: RestartingServer = {
    url,
    address,
    folder,
    client,
    info: async (field) => new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(await client.info('everything'))?.[1] ?? '',
    kill: () => running?.kill(),
    starts: () => starts,
    [Symbol.asyncDispose]: async () => {
      isStopping = true;
      client.disconnect();
      running?.kill();
      await stopped;
      await parent[Symbol.asyncDispose]();
    },
  };
  await client.ping();
  return server;
}

/** Until it has ended. FalkorDB may freeze while it loads (frozen-server.ts), and nothing but its end helps then. */
async function replacedIfFrozen(server: Supervised, log: string, client: Redis): Promise<void> {
  const starting = new AbortController();
  const ready = () => starting.abort();
  client.once('ready', ready);
  const frozen = throwOnceFrozen(log, FROZEN_AFTER_MS, starting.signal).catch((error: unknown) => {
    if (error instanceof FrozenServerError) server.kill();
  });
  await server.ended;
  client.off('ready', ready);
  starting.abort();
  await frozen;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, HOST, resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
