import type { Logger } from 'pino';
import { hasCode, toBackupError } from '../../core/model/errors.ts';
import type { Contents } from '../../core/model/verification.ts';
import { compareContents, readContents } from '../contents.ts';
import type { Database } from '../falkordb/database.ts';
import type { Recovered } from './recovered.ts';

export interface Held extends Pick<Recovered, 'differences' | 'couldNotCompare' | 'notes'> {
  /** Undefined where the server could not be asked. */
  contents: Contents | undefined;
}

/**
 * A server that answers the queries with errors (its TIMEOUT, MAX_QUEUED_QUERIES) is set free all the same: a comparison
 * is not worth that nobody can write.
 * @param expected null where nothing is known to compare with
 * @throws database-unreachable, database-busy, database-denied; `signal`'s reason
 */
export async function compareHeld(
  db: Database,
  expected: Contents | null,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<Held> {
  try {
    const contents = await readContents(db, { onProgress: () => {}, signal });
    const differences = expected ? compareContents(expected, contents) : [];
    return { contents, differences, couldNotCompare: false, notes: [] };
  } catch (error) {
    signal.throwIfAborted();
    if (!hasCode(error, 'database-failed') && !hasCode(error, 'database-unsuitable')) throw error;
    log.warn({ err: error }, 'What FalkorDB holds could not be compared');
    const note = `What it holds could not be compared: ${toBackupError(error).message}`;
    return { contents: undefined, differences: [], couldNotCompare: true, notes: [note] };
  }
}
