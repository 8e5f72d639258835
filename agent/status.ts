import { type NewestEntry, newestEntriesOfTiers } from '../core/catalog/catalog.ts';
import { dueTimes } from '../core/catalog/due-times.ts';
import { listRuns, type Run } from '../core/catalog/runs.ts';
import { hasCode } from '../core/model/errors.ts';
import { runsPrefix, tierPrefix } from '../core/model/keys.ts';
import { type RunOutcome, runOutcome, type Verdict } from '../core/model/run-record.ts';
import { DEFAULT_PRUNE_SCHEDULE, DEFAULT_SCHEDULES, SCHEDULED_TIERS, TIERS, type Tier } from '../core/model/tiers.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import type { ServiceConfig } from './service/config.ts';

const RUNS_WINDOW_DAYS = 31;
const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_CLOCK: Pick<ServiceConfig, 'schedules' | 'timeZone'> = {
  schedules: { ...DEFAULT_SCHEDULES, prune: DEFAULT_PRUNE_SCHEDULE },
  timeZone: 'UTC',
};

export interface TierStatus {
  tier: Tier;
  /** The newest backup that can be read; null where there is none. */
  newest: NewestEntry | null;
  /** Null for tiers that no clock drives. */
  nextDue: Date | null;
}

export interface FailedRun {
  runId: string;
  backupId: string | null;
  verdict: Verdict;
}

export interface Status {
  target: string;
  store: string;
  tiers: TierStatus[];
  /** The newest failed run of the last 31 days. */
  lastFailure: FailedRun | null;
  running: string[];
  size: Size;
}

export interface Size {
  /** All targets of the store, or this one alone. */
  scope: 'store' | 'target';
  storedBytes: number;
  objects: number;
}

/** @param clock by which backups are due; by default as they are without any setting */
export async function readStatus(
  store: ObjectStore,
  target: string,
  now: Date,
  clock: Pick<ServiceConfig, 'schedules' | 'timeZone'> = DEFAULT_CLOCK,
): Promise<Status> {
  const since = new Date(now.getTime() - RUNS_WINDOW_DAYS * DAY_MS);
  const runs = (await listRuns(store, target, since)).filter(isWork);
  const newest = await newestEntriesOfTiers(store, target, TIERS);
  const made = new Set(newest.map(({ manifest }) => manifest.runId));
  const outcomes = runs.map((run) => ({ run, outcome: runOutcome(run, made.has(run.runId)) }));
  const failed = outcomes.findLast(({ outcome }) => outcome === 'failed')?.run;
  const verdict = failed?.verdicts.findLast((candidate) => candidate.verdict === 'failed');
  return {
    target,
    store: store.url,
    tiers: TIERS.map((tier) => ({
      tier,
      newest: newest.find(({ manifest }) => manifest.tier === tier) ?? null,
      nextDue: nextDue(tier, now, clock),
    })),
    lastFailure:
      failed && verdict ? { runId: failed.runId, backupId: failed.requested?.backupId ?? null, verdict } : null,
    running: outcomes.filter(({ outcome }) => isOpen(outcome)).map(({ run }) => run.runId),
    size: await measure(store, target),
  };
}

/** A plan changes nothing: whether one is being made, or could not be, says nothing of the target. */
function isWork({ requested }: Run): boolean {
  return requested?.verb !== 'plan';
}

function isOpen(outcome: RunOutcome): boolean {
  return outcome === 'running' || outcome === 'requested';
}

function nextDue(tier: Tier, now: Date, { schedules, timeZone }: typeof DEFAULT_CLOCK): Date | null {
  const scheduled = SCHEDULED_TIERS.find((candidate) => candidate === tier);
  const cron = scheduled && schedules[scheduled];
  return cron ? dueTimes(cron, timeZone).firstAfter(now) : null;
}

/** All of the store; the target's own part of it where the rights go no further. @throws store-* */
export async function measure(store: ObjectStore, target: string): Promise<Size> {
  try {
    return { scope: 'store', ...(await sizeOf(store, [''])) };
  } catch (error) {
    if (!hasCode(error, 'store-denied')) throw error;
    const prefixes = [...TIERS.map((tier) => tierPrefix(tier, target)), runsPrefix(target)];
    return { scope: 'target', ...(await sizeOf(store, prefixes)) };
  }
}

async function sizeOf(store: ObjectStore, prefixes: string[]): Promise<{ storedBytes: number; objects: number }> {
  let storedBytes = 0;
  let objects = 0;
  for (const prefix of prefixes) {
    for await (const { bytes } of store.list(prefix)) {
      storedBytes += bytes;
      objects += 1;
    }
  }
  return { storedBytes, objects };
}
