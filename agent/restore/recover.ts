import { hasCode, toBackupError } from '../../core/model/errors.ts';
import type { Database } from '../falkordb/database.ts';
import { untilAnswered } from '../falkordb/patience.ts';
import { persist } from '../falkordb/persist.ts';
import type { ServerInfo } from '../falkordb/server-info.ts';
import { setFree } from '../falkordb/set-free.ts';
import { compareHeld } from './compare-held.ts';
import { bringBackOldLibraries, closeConnections, noteConnection, removeJournal } from './end-restore.ts';
import type { Journal, JournalRecord } from './journal.ts';
import { assertSameServer, lookAfterRestart, notAsLeft } from './look-after-restart.ts';
import { type Holds, type RecoverDeps, type Recovered, wayBack } from './recovered.ts';

/**
 * Sets a FalkorDB free that a restore has left as a replica, whatever step it was at: it ends as a master with all of
 * the old data or all of the new, and nothing of what was set for the moment. Needs no store.
 * @throws database-unsuitable, with what to do, where the server is not as the restore has left it, or is another one;
 * database-*, deadline
 */
export async function recover(journal: Journal, deps: RecoverDeps): Promise<Recovered> {
  const settled = await askOnceLoaded(journal, deps, (db, info) => settle(db, info, journal, deps));
  const { hasRestarted, ...found } = settled.hasRestarted
    ? settled
    : await askOnceLoaded(journal, deps, (db) => free(db, settled, journal, deps));
  // They may have been dropped for data that then did not come.
  if (found.holds === 'old data') await bringBackOldLibraries(journal.record, { ...deps, hasRestarted });
  const recovered = { ...found, notes: [...found.notes, ...(await removeJournal(journal, deps))] };
  deps.log.info(recovered, 'FalkorDB is free');
  return recovered;
}

interface Settled extends Recovered {
  /** Nothing is left to be undone then. */
  hasRestarted: boolean;
}

/** Asks again where the server begins to load, or hangs up: each part may be done twice. */
function askOnceLoaded(
  journal: Journal,
  deps: RecoverDeps,
  ask: (db: Database, info: ServerInfo) => Promise<Settled>,
): Promise<Settled> {
  const { address, timeoutSeconds: seconds, signal } = deps;
  return untilAnswered(address, { seconds, signal }, async (db) => {
    const info = await db.info();
    assertSameServer(db, info, journal);
    if (info.loading) return undefined;
    if (info.runId === journal.record.server.runId) return ask(db, info);
    return { ...(await lookAfterRestart(db, info, journal.record, deps)), hasRestarted: true };
  });
}

/** Leaves it as a replica whose data is compared and durable. */
async function settle(db: Database, info: ServerInfo, journal: Journal, deps: RecoverDeps): Promise<Settled> {
  const { record } = journal;
  const { master } = info.replication;
  if (master && (master.host !== record.master?.host || master.port !== record.master.port)) {
    throw notAsLeft(db, `replicates from ${master.host}:${master.port}, which is not this restore's doing`);
  }
  await takeOver(db, journal, deps);
  const holds = whatItHolds(record, info);
  if (holds === 'old data') return { ...(await lookAtOld(db, record, deps)), hasRestarted: false };
  if (!master) return { holds, ...NOTHING_FOUND, hasRestarted: false };
  const { notes, ...compared } = await compareHeld(db, holds === 'backup' ? record.expected : record.old, deps);
  const { differences, couldNotCompare } = compared;
  return {
    holds,
    differences,
    couldNotCompare,
    notes: [...notes, ...(await tryPersist(db, deps))],
    hasRestarted: false,
  };
}

const NOTHING_FOUND = { differences: [], couldNotCompare: false, notes: [] };

/**
 * Once it has the last bytes it drops what it had and then loads; where it refuses to load, it is left with nothing and
 * with the history that it had before.
 */
async function lookAtOld(db: Database, record: JournalRecord, deps: RecoverDeps): Promise<Recovered> {
  if (!record.handedOver || !record.old) return { holds: 'old data', ...NOTHING_FOUND };
  const { differences, couldNotCompare, notes } = await compareHeld(db, record.old, deps);
  if (differences.length === 0) return { holds: 'old data', differences, couldNotCompare, notes };
  return { holds: 'unknown', differences, couldNotCompare, notes: [...notes, wayBack(record)] };
}

async function free(db: Database, settled: Settled, journal: Journal, deps: RecoverDeps): Promise<Settled> {
  await takeOver(db, journal, deps);
  const { record } = journal;
  const notes = await setFree(db, { ...record, configRewrites: record.server.configRewrites });
  const info = await db.info();
  const holds = whatItHolds(record, info);
  // Bytes that were under way when the agent ended made it load, or drop what it had, after it was looked at.
  if (holds !== 'old data' && holds !== settled.holds) {
    return { ...settled, holds, ...NOTHING_FOUND, notes: [...(await tryPersist(db, deps)), ...notes] };
  }
  if (settled.holds === 'old data' && record.old?.graphs.length && info.keys === 0) {
    return { ...settled, holds: 'unknown', notes: [...settled.notes, 'It is empty.', wayBack(record), ...notes] };
  }
  return { ...settled, notes: [...settled.notes, ...notes] };
}

/** The history that its data belongs to: as a replica, or before it was promoted. */
function whatItHolds({ streams }: JournalRecord, { replication }: ServerInfo): Holds {
  const ids = [replication.id, replication.previousId];
  return streams.find(({ replicationId }) => ids.includes(replicationId))?.holds ?? 'old data';
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

/** A process that sleeps in the middle of its restore, or of its recovery, must not go on with it when it wakes up. */
async function takeOver(db: Database, journal: Journal, deps: RecoverDeps): Promise<void> {
  await closeConnections(db, journal.record.connections);
  await noteConnection(db, journal, deps);
}
