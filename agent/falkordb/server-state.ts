import { hasCode } from '../../core/model/errors.ts';
import type { Database } from './database.ts';

/** What no RDB holds, and a fresh server would lack. A part that the user may not read is null. */
export interface ServerState {
  schemaVersion: 1;
  /** ACL LIST: users with their rules; passwords appear as SHA-256 hashes only. */
  aclUsers: unknown;
  config: Record<string, string> | null;
  graphConfig: unknown;
  modules: unknown;
  /** Names of the settings whose values were left out because they are secrets. */
  omittedSecrets: string[];
}

const SECRET_SETTINGS = new Set(['requirepass', 'masterauth', 'tls-key-file-pass', 'tls-client-key-file-pass']);

export async function readServerState(db: Database): Promise<ServerState> {
  const config = await allowed(() => db.config('*'));
  const entries = config ? [...config].sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  const isSecret = ([name, value]: [string, string]) => SECRET_SETTINGS.has(name) && value !== '';
  return {
    schemaVersion: 1,
    aclUsers: (await allowed(() => db.call('ACL', 'LIST'))) ?? null,
    config: config ? Object.fromEntries(entries.filter((entry) => !isSecret(entry))) : null,
    graphConfig: (await allowed(() => db.call('GRAPH.CONFIG', 'GET', '*'))) ?? null,
    modules: (await allowed(() => db.call('MODULE', 'LIST'))) ?? null,
    omittedSecrets: entries.filter(isSecret).map(([name]) => name),
  };
}

/** A least-privilege user, and a managed service, refuse some of these; a backup without them is still a backup. */
async function allowed<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, 'database-denied') || hasCode(error, 'database-failed')) return undefined;
    throw error;
  }
}
