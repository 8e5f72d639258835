import { hostname } from 'node:os';
import { DEFAULT_BOUNDS, lostRunNotices } from '../../core/catalog/lost-runs.ts';
import type { Notice } from '../../core/catalog/notice.ts';
import { systemErrorCode } from '../../core/model/errors.ts';
import type { Started } from '../../core/model/run-record.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';

export interface GoneRuns {
  /** When this process began. */
  since: Date;
  now: Date;
  /** That holds the lease, as far as this host can tell: another host, or another container, may have the same name. */
  holding: string | undefined;
}

/**
 * Verdicts for the runs of this host whose process ended in the middle.
 * @throws store-*, integrity where the lease cannot be read
 */
export function goneRunNotices(
  store: ObjectStore,
  target: string,
  { since, now, holding }: GoneRuns,
): Promise<Notice[]> {
  const isGone = (started: Started) => started.runId !== holding && isDead(started, since);
  return lostRunNotices(store, target, now, DEFAULT_BOUNDS, isGone);
}

/** The process of a container has the same number each time that it is started. */
function isDead({ host, pid, startedAt }: Started, since: Date): boolean {
  return host === hostname() && Date.parse(startedAt) < since.getTime() && (pid === process.pid || !isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}
