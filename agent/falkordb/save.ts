import { setTimeout } from 'node:timers/promises';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { DumpOptions, DumpTimeouts } from './dump-source.ts';
import type { SaveState } from './server-info.ts';
import { writeMarker } from './write-marker.ts';

const IDLE_POLL_MS = 500;
/** Of the time that a save has taken so far: what waiting adds to it. */
const SAVE_POLL_SHARE = 0.02;
const MIN_SAVE_POLL_MS = 10;
const MAX_SAVE_POLL_MS = 200;
/** FalkorDB from 4.18 on may give up its first save because preparing it took too long; the next one succeeds. */
const SAVE_ATTEMPTS = 2;
/** time(2), which stamps dumps and LASTSAVE, may still say the second before the one that TIME says. */
export const CLOCK_SLACK_SECONDS = 1;

/** Equals no marker: nothing is known of what was written before the dump was taken. */
export const UNKNOWN_MARKER = '';

export interface FinishedSave {
  /** Server time, unix seconds: the save was started after the first and had ended by the second. */
  startedAt: number;
  endedAt: number;
  state: SaveState;
  markerAtFork: string;
}

/**
 * Runs one BGSAVE of our own to its end.
 * @throws database-busy while other saves or AOF rewrites run, database-failed where the save fails, deadline
 */
export async function save(db: Database, options: DumpOptions): Promise<FinishedSave> {
  for (let attempt = 1; ; attempt++) {
    const { startedAt, before, markerAtFork } = await startSave(db, attempt, options);
    const state = await untilSaved(db, options);
    const endedAt = await db.unixSeconds();
    // A child that FLUSHALL ended leaves the status as it was (backgroundSaveDoneHandlerDisk), and where the server has
    // save points the emptiness was saved instead, with LASTSAVE set: neither is the save that we have a marker of.
    const isOurs = state.lastSave >= startedAt - CLOCK_SLACK_SECONDS && state.flushes === before.flushes;
    if (state.lastStatusOk && isOurs) {
      // Another save that followed ours at once has replaced our dump by a newer one.
      const isLast = state.startedCount === before.startedCount + 1;
      return { startedAt, endedAt, state, markerAtFork: isLast ? markerAtFork : UNKNOWN_MARKER };
    }
    if (attempt === SAVE_ATTEMPTS) {
      throw new BackupError('database-failed', `FalkorDB at ${db.name} failed to save its data.`, {
        hint: 'Its own log says why; often its disk is full or the fork found no memory. Until a save succeeds it may refuse writes (MISCONF).',
        retryable: true,
      });
    }
  }
}

interface StartedSave {
  /** The server's time and book-keeping just before it. */
  startedAt: number;
  before: SaveState;
  markerAtFork: string;
}

/** Waits for its turn. */
function startSave(db: Database, ownSaves: number, options: DumpOptions): Promise<StartedSave> {
  return whenIdle(db, options, async (before) => {
    const startedAt = await db.unixSeconds();
    const saving = tryBgsave(db);
    // Sent with it, not after its answer: the save of a small graph may be over by then, and has set the counters back.
    const [hasBegun, markerAtFork] = await Promise.all([saving, writeMarker(db, { ownSaves })]);
    return hasBegun ? { startedAt, before, markerAtFork } : undefined;
  });
}

/**
 * Calls `attempt` when no save and no AOF rewrite runs, and again until it answers.
 * @throws database-busy
 */
export async function whenIdle<T>(
  db: Database,
  { signal, timeouts }: DumpOptions,
  attempt: (before: SaveState) => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + timeouts.busySeconds * 1000;
  for (;;) {
    const { save } = await db.info();
    const answer = save.running || save.aofRewriteRunning ? undefined : await attempt(save);
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) {
      throw tooBusy(db, save.aofRewriteRunning ? 'an AOF rewrite' : 'another save', timeouts);
    }
    await setTimeout(IDLE_POLL_MS, undefined, { signal });
  }
}

/** False where another save or rewrite came first. */
async function tryBgsave(db: Database): Promise<boolean> {
  try {
    await db.call('BGSAVE');
    return true;
  } catch (error) {
    if (hasCode(error, 'database-failed') && /in progress|AOF log rewriting|child process/i.test(error.message))
      return false;
    throw error;
  }
}

async function untilSaved(db: Database, options: DumpOptions): Promise<SaveState> {
  const { signal, timeouts } = options;
  const startedAt = performance.now();
  for (;;) {
    const { save } = await db.info();
    signal.throwIfAborted();
    if (!save.running) return save;
    options.onSaveProgress(save.keysProcessed, save.keysTotal);
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > timeouts.saveSeconds * 1000) throw tooSlow(db, timeouts);
    const pollMs = Math.min(MAX_SAVE_POLL_MS, Math.max(MIN_SAVE_POLL_MS, elapsedMs * SAVE_POLL_SHARE));
    await setTimeout(pollMs, undefined, { signal });
  }
}

/** @param what what runs on the server, as far as is known */
export function tooBusy(db: Database, what: string, { busySeconds }: DumpTimeouts): BackupError {
  return new BackupError('database-busy', `FalkorDB at ${db.name} was busy with ${what} for ${busySeconds} s.`, {
    hint: 'Try again later, or raise BACKUP_BUSY_TIMEOUT_SECONDS.',
    retryable: true,
  });
}

export function tooSlow(db: Database, { saveSeconds }: DumpTimeouts): BackupError {
  return new BackupError('deadline', `FalkorDB at ${db.name} has been saving for more than ${saveSeconds} s.`, {
    hint: 'Either its child process hangs (look for "redis-rdb-bgsave" on its host and end it), or raise BACKUP_SAVE_TIMEOUT_SECONDS.',
  });
}
