import { type BackupIdParts, parseBackupId } from '../model/backup-id.ts';
import { runKey, runsPrefix, verdictPrefix } from '../model/keys.ts';
import { lostRunEvents, lostRunFailure } from '../model/lost-run-events.ts';
import type { Manifest } from '../model/manifest.ts';
import type { NewVerdict, Requested, Started } from '../model/run-record.ts';
import { SETTINGS } from '../model/settings.ts';
import { toCompactTimestamp } from '../model/timestamp.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readEntry } from './catalog.ts';
import type { Notice } from './notice.ts';
import { findRun, hasVerdict, recordVerdict } from './runs.ts';
import { runAtWork } from './tombstones.ts';

/** Older ones are nobody's concern any more; a watchdog that was away for less finds them all. */
const WINDOW_MS = 14 * 24 * 3600 * 1000;

export interface LostRunBounds {
  /** From its start: longer than the time that a run has, and whoever watches it has to say how it ended. */
  runMs: number;
  /** From the request, where no run of the target is at work that it could be waiting for. */
  unstartedMs: number;
}

const MARGIN_MS = 30 * 60 * 1000;
const UNSTARTED_MS = 3600 * 1000;

/** @param timeoutSeconds of the runs (BACKUP_TIMEOUT_SECONDS) */
export function lostRunBounds(timeoutSeconds: number): LostRunBounds {
  return { runMs: timeoutSeconds * 1000 + MARGIN_MS, unstartedMs: UNSTARTED_MS };
}

export const DEFAULT_BOUNDS = lostRunBounds(Number(SETTINGS.timeoutSeconds.default));

/**
 * Runs that were asked for and of which nobody says any more how they ended, as notices that give them a verdict. A run
 * that holds the lease is none before its process is known to be gone, and one whose request cannot be read (of a newer
 * version) is left alone.
 * @param isGone whether the process that began a run is surely dead: nobody waits for that one to say anything
 * @throws store-*, integrity where the lease cannot be read
 */
export async function lostRunNotices(
  store: ObjectStore,
  target: string,
  now: Date,
  bounds: LostRunBounds,
  isGone: (started: Started) => boolean = () => false,
): Promise<Notice[]> {
  const open = await openRunIds(store, target, now);
  if (open.length === 0) return [];
  const atWork = await runAtWork(store, target, now);
  const notices: Notice[] = [];
  for (const runId of open) {
    const run = await findRun(store, target, runId);
    if (!run?.requested || run.verdicts.length > 0) continue;
    const { requested, started } = run;
    const isDead = started !== undefined && isGone(started);
    if (runId === atWork && !isDead) continue;
    const boundMs = started || atWork !== undefined ? bounds.runMs : bounds.unstartedMs;
    const begunAt = Date.parse(started?.startedAt ?? requested.requestedAt);
    if (!isDead && now.getTime() <= begunAt + boundMs) continue;
    const manifest = await findBackup(store, requested);
    // The same from whoever finds it, so that two of them write one verdict.
    const endedAt = manifest?.completedAt ?? (isDead ? now : new Date(begunAt + boundMs)).toISOString();
    notices.push(toNotice(store, { requested, started, manifest, endedAt, now }));
  }
  return notices;
}

interface LostRun {
  requested: Requested;
  started: Started | undefined;
  /** Of the backup that it was to make: it exists, and only the verdict is missing. */
  manifest: Manifest | undefined;
  endedAt: string;
  now: Date;
}

function toNotice(store: ObjectStore, { requested, started, manifest, endedAt, now }: LostRun): Notice {
  const { runId, target } = requested;
  const common = { schemaVersion: 1 as const, runId, target, endedAt, reason: null };
  const verdict: NewVerdict = manifest
    ? { ...common, verdict: 'completed', failure: null }
    : { ...common, verdict: 'failed', failure: lostRunFailure(requested, started) };
  return {
    target,
    events: manifest ? [] : lostRunEvents(requested, started, now),
    remember: async () => {
      if (!(await hasVerdict(store, target, runId))) await recordVerdict(store, verdict);
    },
  };
}

async function findBackup(store: ObjectStore, { verb, backupId }: Requested): Promise<Manifest | undefined> {
  const parts: BackupIdParts | undefined = verb === 'backup' && backupId ? parseBackupId(backupId) : undefined;
  const entry = parts && (await readEntry(store, parts));
  return entry && 'manifest' in entry.content ? entry.content.manifest : undefined;
}

async function openRunIds(store: ObjectStore, target: string, now: Date): Promise<string[]> {
  const open = new Set<string>();
  const prefix = runsPrefix(target);
  const since = toCompactTimestamp(new Date(now.getTime() - WINDOW_MS));
  for await (const { key } of store.list(prefix, { startAfter: `${prefix}${since}` })) {
    const runId = key.split('/')[2] ?? '';
    if (key === runKey(target, runId, 'requested')) open.add(runId);
    if (key.startsWith(verdictPrefix(target, runId))) open.delete(runId);
  }
  return [...open];
}
