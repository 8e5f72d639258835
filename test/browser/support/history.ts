import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dueTimes } from '../../../core/catalog/due-times.ts';
import { addMark } from '../../../core/catalog/marks.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../../core/catalog/runs.ts';
import { formatBackupId } from '../../../core/model/backup-id.ts';
import { manifestKey } from '../../../core/model/keys.ts';
import { DEFAULT_SCHEDULES, type ScheduledTier } from '../../../core/model/tiers.ts';
import { toCompactTimestamp } from '../../../core/model/timestamp.ts';
import { openStore } from '../../../core/store/open-store.ts';
import { backUp, manifestOf } from '../../support/backups.ts';
import type { LiveServer } from '../../support/live-server.ts';
import { storeUrlIn } from './store-url.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NODES_EACH = 400;
/** After it is due, by what a clock may wait. */
const DELAY_MS = 2000;

interface Slot {
  tier: ScheduledTier;
  at: Date;
}

/**
 * Five weeks of a target, as its schedules would have made them: real backups of a graph that grows, but for their times.
 * On one day the backup failed, on another there was no service, and one is pinned.
 */
export async function makeHistory(live: LiveServer, folder: string, target: string): Promise<void> {
  const store = openStore(storeUrlIn(folder));
  const slots = pastSlots(Date.now()).toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const dailies = slots.filter(({ tier }) => tier === 'daily');
  const [failed, missed, pinned] = [dailies.at(-12), dailies.at(-20), dailies.at(-25)];
  for (const slot of slots) {
    if (slot === missed) continue;
    await live.graph('knowledge', `UNWIND range(1, ${NODES_EACH}) AS i CREATE (:Entity {id: i, name: 'entity ' + i})`);
    if (slot === failed) await recordFailure(folder, target, slot);
    else await makeBackup(live, folder, target, slot);
  }
  if (!pinned) throw new Error('the history is too short');
  const mark = {
    mark: 'pinned',
    by: 'alice',
    note: 'before the migration',
    now: new Date(pinned.at.getTime() + DAY_MS),
  } as const;
  await addMark(store, { target, tier: 'daily', scheduledFor: pinned.at }, mark);
}

/** What retention would have left of what the default schedules make. */
function pastSlots(now: number): Slot[] {
  const last = (tier: ScheduledTier, since: number): Date[] => {
    const due = dueTimes(DEFAULT_SCHEDULES[tier], 'UTC');
    const times: Date[] = [];
    for (let time = due.lastBefore(new Date(now)); time && time.getTime() > since; time = due.lastBefore(time))
      times.push(time);
    return times;
  };
  const isKept = (at: Date) => now - at.getTime() < 2 * DAY_MS || at.getUTCHours() === 20;
  const slots = (tier: ScheduledTier, times: Date[]): Slot[] => times.map((at) => ({ tier, at }));
  return [
    ...slots('snapshot', last('snapshot', now - 7 * DAY_MS).filter(isKept)),
    ...slots('daily', last('daily', now - 29 * DAY_MS)),
    ...slots('weekly', last('weekly', now - 34 * DAY_MS)),
    ...slots('monthly', last('monthly', now - 34 * DAY_MS)),
  ];
}

async function makeBackup(live: LiveServer, folder: string, target: string, { tier, at }: Slot): Promise<void> {
  const aheadMs = Date.now() - at.getTime() - DELAY_MS;
  const manifest = manifestOf(
    await backUp(live, openStore(storeUrlIn(folder)), {
      tier,
      scheduledFor: at,
      runId: `${toCompactTimestamp(at)}-${tier}`,
      config: { target },
      deps: { now: () => new Date(Date.now() - aheadMs) },
    }),
  );
  // FalkorDB's clock is not ours to turn back: it says in the dump when it was taken.
  const path = join(folder, 'store', manifestKey({ target, tier, scheduledFor: at }));
  const createdAt = new Date(Date.parse(manifest.rdb.createdAt) - aheadMs).toISOString();
  const json = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...json, rdb: { ...json.rdb, createdAt } }));
}

async function recordFailure(folder: string, target: string, { tier, at }: Slot): Promise<void> {
  const store = openStore(storeUrlIn(folder));
  const run = { schemaVersion: 1 as const, runId: `${toCompactTimestamp(at)}-${tier}`, target };
  const backupId = formatBackupId({ target, tier, scheduledFor: at });
  await recordRequested(store, { ...run, verb: 'backup', backupId, requestedAt: at.toISOString() });
  await recordStarted(store, { ...run, startedAt: at.toISOString(), host: 'db-1', pid: 1, toolVersion: '0.1.0' });
  const failure = {
    code: 'store-full',
    message: 'The store has no room left for the dump (ENOSPC).',
    hint: 'Free space on the disk that holds the backups, or keep fewer.',
    retryable: false,
  };
  const endedAt = new Date(at.getTime() + 4000).toISOString();
  await recordVerdict(store, { ...run, verdict: 'failed', endedAt, reason: null, failure });
}
