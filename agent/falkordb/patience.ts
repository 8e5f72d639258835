import { setTimeout } from 'node:timers/promises';
import { BackupError, systemErrorCode, toBackupError } from '../../core/model/errors.ts';
import { type Address, describeAddress } from './address.ts';
import { Database } from './database.ts';

const POLL_MS = 100;
const RECONNECT_MS = 500;
/** A server that loads may not answer for minutes, but its port is open. */
const REFUSED_TIMEOUT_MS = 60_000;

export interface Patience {
  seconds: number;
  signal: AbortSignal;
}

/**
 * Asks a server that may be loading, or be away for a moment, until it has an answer.
 * @param ask undefined where it is to be asked again
 * @throws database-unreachable where nothing listens for a minute, deadline; whatever else `ask` throws
 */
export async function untilAnswered<T>(
  address: Address,
  { seconds, signal }: Patience,
  ask: (db: Database) => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let listenedAt = performance.now();
  let last = 'it is loading its data';
  for (;;) {
    try {
      using db = await Database.connect(address);
      for (;;) {
        const answer = await ask(db);
        if (answer !== undefined) return answer;
        listenedAt = performance.now();
        if (listenedAt > deadline) throw tooLate(address, seconds, last);
        await setTimeout(POLL_MS, undefined, { signal });
      }
    } catch (error) {
      signal.throwIfAborted();
      const failure = toBackupError(error);
      if (!failure.retryable) throw failure;
      last = failure.message;
      if (systemErrorCode(failure.cause) !== 'ECONNREFUSED') listenedAt = performance.now();
      if (performance.now() - listenedAt > REFUSED_TIMEOUT_MS) throw failure;
      if (performance.now() > deadline) throw tooLate(address, seconds, last);
      await setTimeout(RECONNECT_MS, undefined, { signal });
    }
  }
}

function tooLate(address: Address, seconds: number, last: string): BackupError {
  return new BackupError('deadline', `FalkorDB at ${describeAddress(address)} was not ready in ${seconds} s: ${last}`, {
    hint: 'Its log says what it is doing. Raise BACKUP_TIMEOUT_SECONDS where it only needs longer.',
  });
}
