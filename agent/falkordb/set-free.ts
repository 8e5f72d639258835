import { createHash } from 'node:crypto';
import { hasCode } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import { acceptWrites, type WriteLimits } from './write-limits.ts';

export interface Leftovers {
  /** Of the `masterauth` that was set for the moment; null where the server has one of its own. */
  masterauthSha256: string | null;
  /** What the server had before it was told to refuse writes; undefined where it was not. */
  writeLimits?: WriteLimits | undefined;
  /** How often CONFIG REWRITE had run before. */
  configRewrites: number;
}

/**
 * Makes the server a master again, and takes back what was set for the moment. May be called again.
 * @returns what a person should know, a sentence each
 */
export async function setFree(db: Database, leftovers: Leftovers): Promise<string[]> {
  await db.call('REPLICAOF', 'NO', 'ONE');
  if (leftovers.writeLimits) await acceptWrites(db, leftovers.writeLimits);
  if (await hasOurMasterauth(db, leftovers.masterauthSha256)) await db.call('CONFIG', 'SET', 'masterauth', '');
  return mendConfigFile(db, leftovers.configRewrites);
}

export async function hasOurMasterauth(db: Database, masterauthSha256: string | null): Promise<boolean> {
  if (masterauthSha256 === null) return false;
  return sha256((await db.config('masterauth')).get('masterauth') ?? '') === masterauthSha256;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Where somebody ran CONFIG REWRITE meanwhile, the file says `replicaof` and our password: a restart would obey it. After
 * a CONFIG RESETSTAT, whenever that was, nobody can tell.
 */
async function mendConfigFile(db: Database, rewritesBefore: number): Promise<string[]> {
  const { configFile, configRewrites, configStatResets } = await db.info();
  const wasRewritten = configRewrites > rewritesBefore;
  if (configFile === '' || (configRewrites === rewritesBefore && configStatResets === 0)) return [];
  const what = wasRewritten ? 'CONFIG REWRITE ran' : 'CONFIG REWRITE may have run';
  try {
    await db.call('CONFIG', 'REWRITE');
    return [`${what} during the restore; ${configFile} was written again without what the restore had set.`];
  } catch (error) {
    if (!hasCode(error, 'database-denied') && !hasCode(error, 'database-failed')) throw error;
    return [`${what} during the restore, so ${configFile} may hold "replicaof": run CONFIG REWRITE again.`];
  }
}
