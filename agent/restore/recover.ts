import type { Logger } from 'pino';
import { BackupError, hasCode, toBackupError } from '../../core/model/errors.ts';
import { compareContents, readContents } from '../contents.ts';
import { type Address, describeAddress } from '../falkordb/address.ts';
import type { Database } from '../falkordb/database.ts';
import type { DumpTimeouts } from '../falkordb/dump-source.ts';
import { untilAnswered } from '../falkordb/patience.ts';
import { persist } from '../falkordb/persist.ts';
import type { ServerInfo } from '../falkordb/server-info.ts';
import { hasOurMasterauth, setFree } from '../falkordb/set-free.ts';
import { bringBackUdfLibraries } from '../falkordb/udf-libraries.ts';
import { refusesAllWrites } from '../falkordb/write-limits.ts';
import type { Journal, JournalRecord } from './journal.ts';

export type Holds = 'old data' | 'backup' | 'safety backup';

export interface Recovered {
  /** `unknown` where it restarted by itself and holds neither, as far as can be seen. */
  holds: Holds | 'unknown';
  /** Between what it should hold and what it does, a sentence each. */
  differences: string[];
  /** What a person should know, a sentence each. */
  notes: string[];
}

export interface RecoverDeps {
  address: Address;
  timeouts: DumpTimeouts;
  timeoutSeconds: number;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Sets a FalkorDB free that a restore has left as a replica, whatever step it was at: it ends as a master with all of
 * the old data or all of the new, and nothing of what was set for the moment. Needs no store.
 * @throws database-unsuitable, with what to do, where the server is not as the restore has left it; database-*, deadline
 */
export async function recover(journal: Journal, deps: RecoverDeps): Promise<Recovered> {
  const settled = await askOnceLoaded(journal, deps, (db, info) => settle(db, info, journal, deps));
  const { holds, differences, notes } = settled.hasRestarted
    ? settled
    : await askOnceLoaded(journal, deps, (db) => free(db, settled, journal, deps));
  // They may have been dropped for data that then did not come.
  const { oldLibraries = [] } = holds === 'old data' ? journal.record : {};
  if (oldLibraries.length > 0) {
    const { address, timeoutSeconds: seconds, signal } = deps;
    await untilAnswered(address, { seconds, signal }, async (db) => {
      await bringBackUdfLibraries(db, oldLibraries);
      return true;
    });
  }
  await journal.remove();
  deps.log.info({ holds, differences, notes }, 'FalkorDB is free');
  return { holds, differences, notes };
}

interface Settled extends Recovered {
  /** Nothing is left to be undone then. */
  hasRestarted: boolean;
}

/** Asks again where the server begins to load, or hangs up: each part may be done twice. */
function askOnceLoaded(
  { record }: Journal,
  { address, timeoutSeconds: seconds, signal }: RecoverDeps,
  ask: (db: Database, info: ServerInfo) => Promise<Settled>,
): Promise<Settled> {
  return untilAnswered(address, { seconds, signal }, async (db) => {
    const info = await db.info();
    if (info.loading) return undefined;
    if (info.runId === record.server.runId) return ask(db, info);
    return { ...(await lookAfterRestart(db, info, record, signal)), hasRestarted: true };
  });
}

/** Leaves it as a replica whose data is compared and durable. */
async function settle(db: Database, info: ServerInfo, journal: Journal, deps: RecoverDeps): Promise<Settled> {
  const { record } = journal;
  const { master } = info.replication;
  if (master && (master.host !== record.master?.host || master.port !== record.master.port)) {
    throw notAsLeft(db, `replicates from ${master.host}:${master.port}, which is not this restore's doing`);
  }
  await takeOver(db, journal);
  const holds = whatItHolds(record, info);
  const isSwapped = master !== undefined && holds !== 'old data';
  const differences = isSwapped ? await differencesOf(db, holds, record, deps.signal) : [];
  const notes = isSwapped ? await tryPersist(db, deps) : [];
  return { holds, differences, notes, hasRestarted: false };
}

async function free(db: Database, settled: Settled, journal: Journal, deps: RecoverDeps): Promise<Settled> {
  await takeOver(db, journal);
  const { record } = journal;
  const notes = await setFree(db, { ...record, configRewrites: record.server.configRewrites });
  const holds = whatItHolds(record, await db.info());
  if (holds === settled.holds) return { ...settled, notes: [...settled.notes, ...notes] };
  // Bytes that were under way when the agent ended made it load after it was looked at.
  return { ...settled, holds, differences: [], notes: [...(await tryPersist(db, deps)), ...notes] };
}

/** The history that its data belongs to: as a replica, or before it was promoted. */
function whatItHolds({ streams }: JournalRecord, { replication }: ServerInfo): Holds {
  const ids = [replication.id, replication.previousId];
  return streams.find(({ replicationId }) => ids.includes(replicationId))?.holds ?? 'old data';
}

async function differencesOf(
  db: Database,
  holds: Holds,
  record: JournalRecord,
  signal: AbortSignal,
): Promise<string[]> {
  const expected = holds === 'backup' ? record.expected : record.old;
  return expected ? compareContents(expected, await readContents(db, { onProgress: () => {}, signal })) : [];
}

/** It is set free all the same: what it holds in memory is whole, and clients wait for it. */
async function tryPersist(db: Database, { timeouts, signal, log }: RecoverDeps): Promise<string[]> {
  try {
    await persist(db, { timeouts, signal, onSaveProgress: () => {} });
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (hasCode(error, 'database-unreachable')) throw error;
    const { message } = toBackupError(error);
    log.warn({ err: error }, 'FalkorDB could not save what it was given');
    return [
      `It could not be made durable (${message}): run BGSAVE, and BGREWRITEAOF where AOF is on. Until then it may refuse writes (MISCONF).`,
    ];
  }
}

/** Nothing was left of the restore but what its files held: they are looked at, and nothing is done. */
async function lookAfterRestart(
  db: Database,
  { replication }: ServerInfo,
  record: JournalRecord,
  signal: AbortSignal,
): Promise<Recovered> {
  if (replication.master) {
    const { host, port } = replication.master;
    throw notAsLeft(db, `restarted during the restore, and replicates from ${host}:${port} by its config file`);
  }
  if (await hasOurMasterauth(db, record.masterauthSha256)) {
    throw notAsLeft(db, 'restarted during the restore, and has its masterauth in its config file');
  }
  if (await refusesAllWrites(db)) {
    throw notAsLeft(db, 'restarted during the restore, and has its min-replicas-to-write in its config file');
  }
  const restarted = ['FalkorDB restarted during the restore and loaded its own files.'];
  // It was never sent anything else, or its files held the backup before anybody could write to it again.
  if (record.streams.length === 0) return { holds: 'old data', differences: [], notes: restarted };
  if (record.isDurable) return { holds: 'backup', differences: [], notes: restarted };
  const contents = await readContents(db, { onProgress: () => {}, signal });
  const isOld = record.old && compareContents(record.old, contents).length === 0;
  const isNew = record.expected && compareContents(record.expected, contents).length === 0;
  const holds = isOld ? 'old data' : isNew ? 'backup' : 'unknown';
  return { holds, differences: [], notes: restarted };
}

/** A process that sleeps in the middle of its restore, or of its recovery, must not go on with it when it wakes up. */
async function takeOver(db: Database, journal: Journal): Promise<void> {
  for (const id of journal.record.connections) await closeConnection(db, id);
  await journal.update({ connections: [(await db.connection()).id] });
}

async function closeConnection(db: Database, id: number): Promise<void> {
  try {
    await db.call('CLIENT', 'KILL', 'ID', id);
  } catch (error) {
    if (!hasCode(error, 'database-failed') || !/no such client/i.test(error.message)) throw error;
  }
}

function notAsLeft(db: Database, what: string): BackupError {
  return new BackupError('database-unsuitable', `FalkorDB at ${db.name} ${what}: nothing was touched.`, {
    hint: 'See what it holds. To set it free by hand: REPLICAOF NO ONE, CONFIG SET masterauth "", CONFIG SET min-replicas-to-write 0, and CONFIG REWRITE if it has a config file; then delete the file that BACKUP_STATE_DIR holds for it (docs/restore.md).',
  });
}

/** For the end of a message: what the operator has now. */
export function describeRecovered({ holds, differences, notes }: Recovered, address: Address): string {
  const name = `FalkorDB at ${describeAddress(address)}`;
  const state = {
    'old data': `${name} has its old data and takes writes again.`,
    backup: `${name} holds the restored backup and takes writes.`,
    'safety backup': `${name} has its old data back from the safety backup and takes writes again.`,
    unknown: `${name} takes writes, but holds neither the old data nor the backup: look at it.`,
  }[holds];
  const differs = differences.length > 0 ? [`What it holds differs: ${differences.join('; ')}.`] : [];
  return [state, ...differs, ...notes].join(' ');
}
