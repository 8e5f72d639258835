import type { Manifest } from '../../core/model/manifest.ts';
import { type BackupDeps, makeBackup } from '../backup.ts';
import type { Database } from '../falkordb/database.ts';
import { whenIdle } from '../falkordb/save.ts';
import type { Work } from '../run.ts';
import { writtenMeanwhile } from './failures.ts';
import type { Journal } from './journal.ts';

const ATTEMPTS = 3;

export interface SafetyBackupRequest {
  runId: string;
  work: Work;
  deps: BackupDeps;
  journal: Journal;
}

/**
 * Nothing acknowledged can fall between this and the swap: the server has stood still since before. A save of its own, by
 * its save points, sets back the counters that prove it; then the next try proves it.
 * @throws database-failed where the server was written to all the same; whatever a backup throws
 */
export async function makeSafetyBackup(control: Database, request: SafetyBackupRequest): Promise<Manifest> {
  const { work, journal, deps } = request;
  const { config } = deps;
  const timeouts = { busySeconds: config.busyTimeoutSeconds, saveSeconds: config.saveTimeoutSeconds };
  const waiting = { timeouts, onSaveProgress: () => {}, signal: work.signal };
  for (let attempt = 1; ; attempt++) {
    const before = await whenIdle(control, waiting, async (state) => state);
    const manifest = await newBackup(request);
    const { save } = await control.info();
    const saves = save.startedCount - before.startedCount;
    if (manifest.countsExact && save.changes === (saves === 0 ? before.changes : 0)) {
      await journal.update({ safetyBackupId: manifest.backupId });
      return manifest;
    }
    const wereOthers = saves > (manifest.source === 'bgsave' ? 1 : 0);
    if (!wereOthers || attempt === ATTEMPTS) throw writtenMeanwhile(control);
  }
}

/** One of an earlier restore in the very same second has the same id, and would be taken for it. */
async function newBackup({ deps, runId: ownRunId, work }: SafetyBackupRequest): Promise<Manifest> {
  const frozenAt = deps.now();
  for (let scheduledFor = frozenAt; ; scheduledFor = new Date(scheduledFor.getTime() + 1000)) {
    const parts = { target: deps.config.target, tier: 'pre-restore' as const, scheduledFor };
    const outcome = await makeBackup(parts, ownRunId, work, deps);
    if (outcome.status === 'skipped') throw new Error(`The safety backup was skipped: ${outcome.reason}.`);
    const { runId, startedAt } = outcome.value;
    if (runId === ownRunId && Date.parse(startedAt) >= frozenAt.getTime()) return outcome.value;
  }
}
