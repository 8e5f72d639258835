import type { Logger } from 'pino';
import { hasCode } from '../../core/model/errors.ts';
import type { Database } from '../falkordb/database.ts';
import { untilAnswered } from '../falkordb/patience.ts';
import { bringBackUdfLibraries } from '../falkordb/udf-libraries.ts';
import type { Journal, JournalRecord } from './journal.ts';
import type { RecoverDeps } from './recovered.ts';

export async function closeConnections(db: Database, ids: number[]): Promise<void> {
  for (const id of ids) await closeConnection(db, id);
}

async function closeConnection(db: Database, id: number): Promise<void> {
  try {
    await db.call('CLIENT', 'KILL', 'ID', id);
  } catch (error) {
    if (!hasCode(error, 'database-failed') || !/no such client/i.test(error.message)) throw error;
  }
}

/** A full disk here must not keep FalkorDB frozen: without the note this process is only not closed by the next one. */
export async function noteConnection(db: Database, journal: Journal, { log }: { log: Logger }): Promise<void> {
  const { id } = await db.connection();
  try {
    await journal.update({ connections: [id] });
  } catch (error) {
    if (!hasCode(error, 'invalid-settings')) throw error;
    log.warn({ err: error }, 'The journal of the restore cannot be written; going on without');
  }
}

/** Data that came from elsewhere since has libraries of its own: its history is another one. */
export async function bringBackOldLibraries(
  { oldLibraries = [], replicationId, streams }: JournalRecord,
  { address, timeoutSeconds: seconds, signal, hasRestarted }: RecoverDeps & { hasRestarted: boolean },
): Promise<void> {
  if (oldLibraries.length === 0) return;
  await untilAnswered(address, { seconds, signal }, async (db) => {
    const { id, previousId } = (await db.info()).replication;
    const isOwnHistory = replicationId === undefined || [id, previousId].includes(replicationId);
    // After a restart its history may be a new one; where anything was to be sent, what it holds was compared then.
    if (isOwnHistory || (hasRestarted && streams.length > 0)) await bringBackUdfLibraries(db, oldLibraries);
    return true;
  });
}

/** @returns what a person should know where it cannot be removed, for FalkorDB is free by then */
export async function removeJournal(journal: Journal, { log }: { log: Logger }): Promise<string[]> {
  try {
    await journal.remove();
    return [];
  } catch (error) {
    if (!hasCode(error, 'invalid-settings')) throw error;
    log.warn({ err: error }, 'The journal of the restore cannot be removed');
    return [`${journal.path} could not be removed: delete it, or no other restore begins.`];
  }
}
