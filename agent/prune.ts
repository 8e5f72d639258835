import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { applyPrune, type PrunePlan, type PruneResult, planPrune } from '../core/catalog/prune.ts';
import { recordRequested, recordStarted, recordVerdict } from '../core/catalog/runs.ts';
import { type BackupError, toBackupError } from '../core/model/errors.ts';
import { newRunId } from '../core/model/run-id.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import type { Config } from './config.ts';
import type { OnProgress } from './progress.ts';
import { TOOL } from './tool.ts';

export interface PruneDeps {
  config: Pick<Config, 'retention' | 'keepRuns'>;
  store: ObjectStore;
  log: Logger;
  onProgress: OnProgress;
  now: () => Date;
  /** Ends it after the backup that is being removed. */
  signal: AbortSignal;
}

export interface TargetPrune {
  plan: PrunePlan;
  /** Null where nothing was to be removed yet. */
  result: PruneResult | null;
}

/**
 * Decides about the backups of one target, and with `apply` removes what is to go. Needs no lease: it touches nothing
 * that a run works on, and delays none.
 * @throws store-*, integrity
 */
export async function pruneTarget(
  target: string,
  { apply }: { apply: boolean },
  deps: PruneDeps,
): Promise<TargetPrune> {
  const { config, store, now } = deps;
  const request = { target, policy: config.retention, keepRuns: config.keepRuns, now: now() };
  if (!apply) return { plan: await planPrune(store, request), result: null };
  return recorded(target, deps, async () => {
    const plan = await planPrune(store, request);
    const result = await applyPrune(store, plan, {
      now,
      signal: deps.signal,
      onRemoved: (done, total) => deps.onProgress({ phase: 'prune', unit: 'backups', done, total }),
    });
    deps.log.info({ target, ...counts(result) }, 'Pruned');
    return { plan, result };
  });
}

function counts({ removed, refused, spared, postponed, orphans, runRecords }: PruneResult) {
  const sizes = { removed, refused, spared, postponed };
  return {
    ...Object.fromEntries(Object.entries(sizes).map(([name, list]) => [name, list.length])),
    orphans,
    runRecords,
  };
}

async function recorded<T>(target: string, { store, now, log }: PruneDeps, body: () => Promise<T>): Promise<T> {
  const common = { schemaVersion: 1 as const, runId: newRunId(now()), target };
  await recordRequested(store, { ...common, verb: 'prune', backupId: null, requestedAt: now().toISOString() });
  await recordStarted(store, {
    ...common,
    startedAt: now().toISOString(),
    host: hostname(),
    pid: process.pid,
    toolVersion: TOOL.version,
  });
  const conclude = async (failure: BackupError | undefined) => {
    const { code = '', message = '', hint = null, retryable = false } = failure ?? {};
    await recordVerdict(store, {
      ...common,
      verdict: failure ? 'failed' : 'completed',
      endedAt: now().toISOString(),
      reason: null,
      failure: failure ? { code, message, hint: hint ?? null, retryable } : null,
      steps: [],
    }).catch((error: unknown) => log.warn({ err: error }, 'The verdict could not be recorded in the store'));
  };
  try {
    const value = await body();
    await conclude(undefined);
    return value;
  } catch (error) {
    await conclude(toBackupError(error));
    throw error;
  }
}
