import { BackupError } from '../../core/model/errors.ts';
import { parseAddress } from '../falkordb/address.ts';
import { Database } from '../falkordb/database.ts';
import { resolveEngine } from '../falkordb/engine.ts';
import { startScratch } from '../falkordb/scratch.ts';

export const DEMO_GRAPH = 'falkordb-backup-demo';

export interface DemoServer extends AsyncDisposable {
  description: string;
  /** False for a server that was lent to the demo: nothing but its own graph may be touched there. */
  isThrowAway: boolean;
  url: string;
}

/** A throw-away server, or the given one; of that, the demo's graph is deleted in the end and nothing else is touched. */
export async function startDemoServer(
  { FALKORDB_URL: url, BACKUP_ENGINE_DIR: engineFolder }: Record<string, string | undefined>,
  log: (message: string) => void,
): Promise<DemoServer> {
  if (url) return borrowServer(url);
  const engine = await resolveEngine(log, engineFolder || undefined);
  const server = await startScratch({ engine });
  return {
    description: `throw-away, ${engine.description}`,
    isThrowAway: true,
    url: server.url,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function borrowServer(url: string): Promise<DemoServer> {
  using db = await connect(url);
  const graphs = await db.call('GRAPH.LIST');
  if (Array.isArray(graphs) && graphs.includes(DEMO_GRAPH)) {
    throw new BackupError('invalid-argument', `The server at ${db.name} has a graph called ${DEMO_GRAPH} already.`, {
      hint: `If it is left from an earlier demo, delete it: GRAPH.DELETE ${DEMO_GRAPH}`,
    });
  }
  const dispose = async () => {
    using again = await connect(url);
    await again.call('GRAPH.DELETE', DEMO_GRAPH);
  };
  return { description: `yours at ${db.name}`, isThrowAway: false, url, [Symbol.asyncDispose]: dispose };
}

export async function connect(url: string): Promise<Database> {
  const address = parseAddress(url);
  if (address) return Database.connect(address);
  throw new BackupError('invalid-settings', 'FALKORDB_URL must be redis[s]://[user[:password]@]host[:port].');
}
