import { type BackupError, toBackupError } from '../model/errors.ts';
import type { BackupEvent } from '../model/events.ts';

/** Something to be told, and then remembered: who dies between the two tells it again, under the same event ids. */
export interface Notice {
  target: string;
  /** In order; none where only a record is to be made. */
  events: BackupEvent[];
  /** To be called once they are delivered. @throws store-* */
  remember(): Promise<void>;
}

export interface WatchFailure {
  target: string;
  error: BackupError;
}

export interface Watched {
  /** For `tellNotices`. */
  notices: Notice[];
  /** What could not be looked at, or not be recalled; the rest was. */
  failures: WatchFailure[];
  /** How many tiers and verifications are overdue, of those that could be looked at. */
  overdue: number;
}

/**
 * Tells all of them, and remembers each that was told.
 * @param tell throws where they were not delivered; they are told again the next time
 * @returns what could not be told, or not be remembered
 */
export async function tellNotices(
  notices: readonly Notice[],
  tell: (events: BackupEvent[]) => Promise<void>,
): Promise<WatchFailure[]> {
  const failures: WatchFailure[] = [];
  for (const { target, events, remember } of notices) {
    try {
      if (events.length > 0) await tell(events);
      await remember();
    } catch (error) {
      failures.push({ target, error: toBackupError(error) });
    }
  }
  return failures;
}
