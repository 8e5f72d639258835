import { BackupError, toBackupError } from '../model/errors.ts';
import type { BackupEvent } from '../model/events.ts';
import { runKey } from '../model/keys.ts';
import { pruneEvents } from '../model/prune-events.ts';
import type { Retention } from '../model/retention-settings.ts';
import { newRunId } from '../model/run-id.ts';
import type { Verdict } from '../model/run-record.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { applyPrune, type PrunePlan, type PruneResult, planPrune } from './prune.ts';
import { recordRequested, recordStarted, recordVerdict } from './runs.ts';

const MAX_CLOCK_SKEW_MS = 5 * 60 * 1000;

export interface PruneDeps {
  retention: Retention;
  store: ObjectStore;
  /** For the records of each target; by default each has one of its own. */
  runId?: string;
  /** Who does it, for the records. */
  worker: { host: string; pid: number; toolVersion: string };
  log: PruneLog;
  onRemoved?: (done: number, total: number) => void;
  /** Once for each target that was not only planned, before its verdict. Never throws: answers who could not be told. */
  tell?: (events: BackupEvent[]) => Promise<Undelivered[]>;
  now: () => Date;
  /** An interruption: ends it after the backup that is being removed, and then it has failed. */
  signal: AbortSignal;
  /** The time is up: ends it in the same way, and what is left is for the next time. */
  timeBudget?: AbortSignal;
}

export interface PruneLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface TargetPrune {
  /** Null where it was only planned. */
  runId: string | null;
  plan: PrunePlan;
  /** Null where nothing was to be removed yet. */
  result: PruneResult | null;
}

export interface FailedPrune {
  target: string;
  /** Null where it was only planned. */
  runId: string | null;
  error: BackupError;
}

type Undelivered = Verdict['undelivered'][number];

export interface TargetsPrune {
  pruned: TargetPrune[];
  /** What is wrong with one target must not let the others grow. */
  failed: FailedPrune[];
  /** Not even looked at, because the time was up. */
  postponed: string[];
}

/**
 * Decides about the backups of each target, and with `apply` removes what is to go. Needs no lease: it touches nothing
 * that a run works on, and delays none.
 * @throws interrupted
 */
export async function pruneTargets(
  targets: string[],
  { apply }: { apply: boolean },
  deps: PruneDeps,
): Promise<TargetsPrune> {
  const result: TargetsPrune = { pruned: [], failed: [], postponed: [] };
  for (const target of targets) {
    throwIfAborted(deps.signal);
    if (deps.timeBudget?.aborted) {
      result.postponed.push(target);
      continue;
    }
    const begunAt = deps.now();
    const runId = apply ? (deps.runId ?? newRunId(begunAt)) : null;
    try {
      const done = runId === null ? await plan(target, begunAt, deps) : await prune({ target, runId, begunAt }, deps);
      result.pruned.push({ runId, ...done });
    } catch (error) {
      result.failed.push({ target, runId, error: toBackupError(error) });
    }
  }
  throwIfAborted(deps.signal);
  return result;
}

type Done = Pick<TargetPrune, 'plan' | 'result'>;

interface PruneRun {
  target: string;
  runId: string;
  begunAt: Date;
}

async function plan(target: string, now: Date, { retention, store }: PruneDeps): Promise<Done> {
  return { plan: await planPrune(store, { target, ...retention, now }), result: null };
}

/** @throws store-*, integrity, invalid-settings where the clock here and that of the store disagree, interrupted */
async function prune(run: PruneRun, deps: PruneDeps): Promise<Done> {
  const { store, now, signal, timeBudget, onRemoved = () => {} } = deps;
  return recorded(run, deps, async () => {
    const planned = await plan(run.target, run.begunAt, deps);
    const result = await applyPrune(store, planned.plan, {
      now,
      signal: timeBudget ? AbortSignal.any([signal, timeBudget]) : signal,
      onRemoved,
    });
    deps.log.info({ target: run.target, ...counts(result) }, 'Pruned');
    throwIfAborted(signal);
    return { ...planned, result };
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

/** A run that cannot be recorded has failed, and is told of all the same. */
async function recorded(run: PruneRun, deps: PruneDeps, body: () => Promise<Done>): Promise<Done> {
  const { target, runId, begunAt } = run;
  const { store, now, worker } = deps;
  const common = { schemaVersion: 1 as const, runId, target };
  try {
    const requestedAt = begunAt.toISOString();
    const isNew = await recordRequested(store, { ...common, verb: 'prune', backupId: null, requestedAt });
    await recordStarted(store, { ...common, ...worker, startedAt: now().toISOString() });
    // That of an earlier try tells nothing of the clocks now.
    if (isNew) await assertClock(store, runKey(target, runId, 'requested'), { begunAt, now });
    const done = await body();
    await conclude(run, { runId, ...done }, deps);
    return done;
  } catch (error) {
    await conclude(run, { target, runId, error: toBackupError(error) }, deps);
    throw error;
  }
}

async function conclude(
  { target, runId }: PruneRun,
  outcome: TargetPrune | FailedPrune,
  { store, now, log, tell }: PruneDeps,
): Promise<void> {
  const undelivered = await tell?.(pruneEvents(outcome, now()));
  const error = 'error' in outcome ? outcome.error : undefined;
  await recordVerdict(store, {
    schemaVersion: 1,
    runId,
    target,
    verdict: error ? 'failed' : 'completed',
    endedAt: now().toISOString(),
    reason: null,
    failure: error
      ? { code: error.code, message: error.message, hint: error.hint ?? null, retryable: error.retryable }
      : null,
    steps: [],
    undelivered,
  }).catch((cause: unknown) => log.warn({ err: cause }, 'The verdict could not be recorded in the store'));
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
