import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BundledAgent, bundleAgent } from './agent.ts';
import { type Destination, folderDestination, gatewayDestination, PLACES, type PlaceName } from './destination.ts';
import { type GatewayPlace, openGateway } from './gateway.ts';

export interface BenchOptions {
  /** Bytes of a dump, about. */
  dumpBytes: number;
  /** How many manifests `list` and `prune` meet. */
  manifests: readonly number[];
  /** Of what is tried in many variants: all, or few where it only has to be seen that it works. */
  few: <T>(variants: readonly T[]) => readonly T[];
  /** Seconds that a load of clients is watched for at least, for each thing that disturbs it. */
  loadSeconds: number;
  runs: number;
  seed: number;
  /** Where everything is written. */
  folder: string;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** What all parts work with. */
export interface Bench extends AsyncDisposable {
  options: BenchOptions;
  agent: BundledAgent;
  gateway: GatewayPlace | { missing: string };
  /** A folder of this run's own; gone in the end. */
  folder: string;
  /** Of those that this machine has. */
  places: PlaceName[];
  /** A new, empty place to store in. */
  destination(place: PlaceName): Promise<Destination>;
  /** Environment of an agent that works on this server. */
  settings(url: string): Record<string, string>;
}

export async function openBench(options: BenchOptions): Promise<Bench> {
  const folder = await mkdtemp(join(resolve(options.folder), 'falkordb-backup-bench-'));
  const [agent, gateway] = await Promise.all([bundleAgent(), openGateway()]);
  const settings = (url: string) => ({
    FALKORDB_URL: url,
    BACKUP_STATE_DIR: join(folder, 'state'),
    BACKUP_SCRATCH_DIR: folder,
    BACKUP_LOG_LEVEL: 'error',
  });
  let opened = 0;
  return {
    options,
    agent,
    gateway,
    folder,
    places: PLACES.filter((place) => place === 'folder' || !('missing' in gateway)),
    settings,
    destination: async (place) => {
      opened += 1;
      if (place === 'folder') {
        const path = join(folder, `store-${opened}`);
        await mkdir(path);
        return folderDestination(path, options.signal);
      }
      if ('missing' in gateway) throw new Error(gateway.missing);
      return gatewayDestination(gateway, `store-${opened}`);
    },
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      if (!('missing' in gateway)) await gateway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
