import { setTimeout } from 'node:timers/promises';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { DumpOptions } from './dump-source.ts';
import { type Findings, ifAllowed, NOTHING, refuse } from './restore-checks/findings.ts';
import { save, tooBusy, tooSlow } from './save.ts';
import type { ServerInfo } from './server-info.ts';

const REWRITE_POLL_MS = 100;

/** For what `persist` would fail: seen on 4.16.3, whose child crashes when it writes a graph as commands. */
export async function checkPersistence(db: Database, { aof }: Pick<ServerInfo, 'aof'>): Promise<Findings> {
  const settings = aof.enabled ? await ifAllowed(db.config('aof-use-rdb-preamble')) : undefined;
  if (settings?.get('aof-use-rdb-preamble') !== 'no') return NOTHING;
  return refuse(
    'database-unsuitable',
    `FalkorDB at ${db.name} has aof-use-rdb-preamble no, with which it cannot rewrite an AOF that holds graphs.`,
    'Run: CONFIG SET aof-use-rdb-preamble yes',
  );
}

/**
 * Makes the server's own files hold what it holds in memory: what came by replication is in the dump file, but not in
 * the AOF, and a restart reads that one.
 * @throws database-busy, database-failed, deadline
 */
export async function persist(db: Database, options: DumpOptions): Promise<void> {
  const { aof } = await db.info();
  if (aof.enabled) await rewriteAof(db, options);
  await save(db, options);
}

async function rewriteAof(db: Database, options: DumpOptions): Promise<void> {
  const startedBefore = await askForRewrite(db, options);
  const deadline = performance.now() + options.timeouts.saveSeconds * 1000;
  for (;;) {
    const { aof } = await db.info();
    const hasEnded = aof.rewritesStarted > startedBefore && !aof.rewriteRunning;
    if (hasEnded && aof.lastRewriteOk) return;
    if (hasEnded) {
      throw new BackupError('database-failed', `FalkorDB at ${db.name} failed to rewrite its AOF.`, {
        hint: 'Its own log says why; often its disk is full.',
        retryable: true,
      });
    }
    if (performance.now() > deadline) throw tooSlow(db, options.timeouts);
    await setTimeout(REWRITE_POLL_MS, undefined, { signal: options.signal });
  }
}

/**
 * Also where one is scheduled: a server whose rewrites fail has one scheduled for ever, and waits for minutes with it,
 * but not where it is told to (bgrewriteaofCommand in aof.c of Redis).
 * @returns how many had been started before
 */
async function askForRewrite(db: Database, { timeouts, signal }: DumpOptions): Promise<number> {
  const deadline = performance.now() + timeouts.busySeconds * 1000;
  for (;;) {
    const { aof } = await db.info();
    if (!aof.rewriteRunning && (await startRewrite(db))) return aof.rewritesStarted;
    if (performance.now() > deadline) throw tooBusy(db, 'an AOF rewrite', timeouts);
    await setTimeout(REWRITE_POLL_MS, undefined, { signal });
  }
}

/** False where another one came first. */
async function startRewrite(db: Database): Promise<boolean> {
  try {
    await db.call('BGREWRITEAOF');
    return true;
  } catch (error) {
    if (hasCode(error, 'database-failed') && /in progress|child process/i.test(error.message)) return false;
    throw error;
  }
}
