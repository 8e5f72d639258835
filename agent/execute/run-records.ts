import { hostname } from 'node:os';
import type { Undelivered } from '../../core/alerts/teller.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../core/catalog/runs.ts';
import type { BackupError } from '../../core/model/errors.ts';
import type { BackupDeps } from '../backup.ts';
import { TOOL } from '../tool.ts';
import type { Asked } from './earlier-delivery.ts';

/* What is written of runs that change nothing, and so need no lease: plans, and restores that are refused. */

type RecordDeps = Pick<BackupDeps, 'store' | 'now' | 'log'>;

export async function recordAsked(asked: Asked, { store, now }: RecordDeps): Promise<void> {
  await recordRequested(store, { schemaVersion: 1, ...asked, requestedAt: now().toISOString() });
}

export async function recordBegun({ runId, target }: Asked, { store, now }: RecordDeps): Promise<void> {
  await recordStarted(store, {
    schemaVersion: 1,
    runId,
    target,
    startedAt: now().toISOString(),
    host: hostname(),
    pid: process.pid,
    toolVersion: TOOL.version,
  });
}

/**
 * @param failure undefined where the run has completed
 * @throws store-*
 */
export async function recordEnd(
  { runId, target }: Asked,
  failure: BackupError | undefined,
  { store, now }: RecordDeps,
  undelivered: Undelivered[] = [],
): Promise<void> {
  await recordVerdict(store, {
    schemaVersion: 1,
    runId,
    target,
    verdict: failure ? 'failed' : 'completed',
    endedAt: now().toISOString(),
    reason: null,
    failure: failure
      ? { code: failure.code, message: failure.message, hint: failure.hint ?? null, retryable: failure.retryable }
      : null,
    steps: [],
    undelivered,
  });
}
