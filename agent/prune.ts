import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { applyPrune, type PrunePlan, type PruneResult, planPrune } from '../core/catalog/prune.ts';
import { recordRequested, recordStarted, recordVerdict } from '../core/catalog/runs.ts';
import { BackupError, toBackupError } from '../core/model/errors.ts';
import { runKey } from '../core/model/keys.ts';
import { newRunId } from '../core/model/run-id.ts';
import { throwIfAborted } from '../core/store/abort.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import type { Config } from './config.ts';
import type { OnProgress } from './progress.ts';
import { TOOL } from './tool.ts';

const MAX_CLOCK_SKEW_MS = 5 * 60 * 1000;

export interface PruneDeps {
  config: Pick<Config, 'retention' | 'keepRuns'>;
  store: ObjectStore;
  log: Logger;
  onProgress: OnProgress;
  now: () => Date;
  /** An interruption: ends it after the backup that is being removed, and then it has failed. */
  signal: AbortSignal;
  /** The time is up: ends it in the same way, and what is left is for the next time. */
  timeBudget?: AbortSignal;
}

export interface TargetPrune {
  plan: PrunePlan;
  /** Null where nothing was to be removed yet. */
  result: PruneResult | null;
}

export interface TargetsPrune {
  pruned: TargetPrune[];
  /** What is wrong with one target must not let the others grow. */
  failed: { target: string; error: BackupError }[];
  /** Not even looked at, because the time was up. */
  postponed: string[];
}

/** @throws interrupted */
export async function pruneTargets(
  targets: string[],
  options: { apply: boolean },
  deps: PruneDeps,
): Promise<TargetsPrune> {
  const result: TargetsPrune = { pruned: [], failed: [], postponed: [] };
  for (const target of targets) {
    throwIfAborted(deps.signal);
    if (deps.timeBudget?.aborted) {
      result.postponed.push(target);
      continue;
    }
    try {
      result.pruned.push(await pruneTarget(target, options, deps));
    } catch (error) {
      if (targets.length === 1) throw error;
      result.failed.push({ target, error: toBackupError(error) });
    }
  }
  throwIfAborted(deps.signal);
  return result;
}

/**
 * Decides about the backups of one target, and with `apply` removes what is to go. Needs no lease: it touches nothing
 * that a run works on, and delays none.
 * @throws store-*, integrity, invalid-settings where the clock here and that of the store disagree, interrupted
 */
export async function pruneTarget(
  target: string,
  { apply }: { apply: boolean },
  deps: PruneDeps,
): Promise<TargetPrune> {
  const { config, store, now, signal, timeBudget } = deps;
  const request = { target, policy: config.retention, keepRuns: config.keepRuns, now: now() };
  if (!apply) return { plan: await planPrune(store, request), result: null };
  return recorded(target, deps, async () => {
    const plan = await planPrune(store, request);
    const result = await applyPrune(store, plan, {
      now,
      signal: timeBudget ? AbortSignal.any([signal, timeBudget]) : signal,
      onRemoved: (done, total) => deps.onProgress({ phase: 'prune', unit: 'backups', done, total }),
    });
    deps.log.info({ target, ...counts(result) }, 'Pruned');
    throwIfAborted(signal);
    return { plan, result };
  });
}

function counts({ removed, refused, spared, postponed, left, orphans, runRecords }: PruneResult) {
  const sizes = { removed, refused, spared, postponed, left };
  return {
    ...Object.fromEntries(Object.entries(sizes).map(([name, list]) => [name, list.length])),
    orphans,
    runRecords,
  };
}

async function recorded<T>(target: string, { store, now, log }: PruneDeps, body: () => Promise<T>): Promise<T> {
  const begunAt = now();
  const common = { schemaVersion: 1 as const, runId: newRunId(begunAt), target };
  await recordRequested(store, { ...common, verb: 'prune', backupId: null, requestedAt: begunAt.toISOString() });
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
    await assertClock(store, runKey(target, common.runId, 'requested'), { begunAt, now });
    const value = await body();
    await conclude(undefined);
    return value;
  } catch (error) {
    await conclude(toBackupError(error));
    throw error;
  }
}

/** By what the store says when an object was written that was just written: the age of backups goes by the clock here. */
async function assertClock(
  store: ObjectStore,
  key: string,
  { begunAt, now }: { begunAt: Date; now: () => Date },
): Promise<void> {
  const storeTime = (await store.head(key)).modifiedAt.getTime();
  const skewMs = Math.max(begunAt.getTime() - storeTime, storeTime - now().getTime());
  if (skewMs <= MAX_CLOCK_SKEW_MS) return;
  throw new BackupError(
    'invalid-settings',
    `The clocks of this host and of ${store.url} are ${Math.round(skewMs / 60_000)} minutes apart; nothing was removed.`,
    { hint: 'Run NTP on this host (and on the one that serves the store): what is too old is told by the clock.' },
  );
}
