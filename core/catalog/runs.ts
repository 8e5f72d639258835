import pMap from 'p-map';
import { BackupError, hasCode } from '../model/errors.ts';
import { runKey, runsPrefix, verdictPrefix } from '../model/keys.ts';
import { type RestorePlanRecord, restorePlanRecordSchema } from '../model/restore-plan-record.ts';
import {
  type NewVerdict,
  type Requested,
  type RunRecords,
  requestedSchema,
  type Started,
  startedSchema,
  type Verdict,
  verdictSchema,
} from '../model/run-record.ts';
import { toCompactTimestamp } from '../model/timestamp.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { encodeJson, putIfAbsent, readObjectIfPresent } from '../store/small-object.ts';

const MAX_VERDICTS = 100;
/** Notes that the control plane asked for the recovery of a restore; it says nothing of the run itself. */
export const RECOVER_SENT = 'recover-sent';
/** The others are requested, started, plan and that one. */
const MAX_RECORDS = MAX_VERDICTS + 4;
const PARALLEL_READS = 16;

export interface Run extends RunRecords {
  runId: string;
  /** What a plan found; only `findRun` reads it. */
  plan?: RestorePlanRecord;
  /** Records that are not what their name says, by key. */
  unreadable: string[];
}

/**
 * Whoever comes second (the agent, after the control plane) finds it written; that is no error.
 * @returns whether it was written now
 * @throws store-unavailable where the store would let anybody write over it: no promise could be kept there
 */
export async function recordRequested(store: ObjectStore, record: Requested): Promise<boolean> {
  const key = runKey(record.target, record.runId, 'requested');
  const bytes = encodeJson(requestedSchema.parse(record));
  const isNew = await putIfAbsent(store, key, bytes);
  try {
    await store.put(key, bytes, { ifAbsent: true });
  } catch (error) {
    if (hasCode(error, 'store-precondition-failed')) return isNew;
    throw error;
  }
  throw new BackupError('store-unavailable', `${store.url} ignores If-None-Match: it wrote over ${key}.`, {
    hint: 'Use a store that keeps to preconditions; docs/s3.md says which do.',
  });
}

/** False where the run has begun before. */
export async function recordStarted(store: ObjectStore, record: Started): Promise<boolean> {
  return putIfAbsent(store, runKey(record.target, record.runId, 'started'), encodeJson(startedSchema.parse(record)));
}

/** Verdicts are numbered in the order they were written; none is ever overwritten. */
export async function recordVerdict(store: ObjectStore, record: NewVerdict): Promise<void> {
  const bytes = encodeJson(verdictSchema.parse(record));
  for (let number = 1; number <= MAX_VERDICTS; number++) {
    if (await putIfAbsent(store, runKey(record.target, record.runId, `verdict-${number}`), bytes)) return;
  }
  throw new Error(`Run ${record.runId} of ${record.target} has ${MAX_VERDICTS} verdicts already.`);
}

/** False where the run has a plan already: it says another thing. */
export async function recordPlan(store: ObjectStore, record: RestorePlanRecord): Promise<boolean> {
  const bytes = encodeJson(restorePlanRecordSchema.parse(record));
  return putIfAbsent(store, runKey(record.target, record.runId, 'plan'), bytes);
}

export async function hasVerdict(store: ObjectStore, target: string, runId: string): Promise<boolean> {
  for await (const _ of store.list(verdictPrefix(target, runId))) return true;
  return false;
}

/** One run with all that is written of it; undefined where nothing is. Of foreign objects beside it, only so many. */
export async function findRun(store: ObjectStore, target: string, runId: string): Promise<Run | undefined> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${runsPrefix(target)}${runId}/`)) {
    if (keys.push(key) === MAX_RECORDS) break;
  }
  return keys.length === 0 ? undefined : readRun(store, runId, keys);
}

/** The runs of a target that were asked for since a time, oldest first; without what plans found, which can be large. */
export async function listRuns(store: ObjectStore, target: string, since: Date): Promise<Run[]> {
  const byRun = await listRunKeys(store, target, since);
  return pMap(byRun, ([runId, recordKeys]) => readRun(store, runId, recordKeys), { concurrency: PARALLEL_READS });
}

/**
 * The keys of their records, by run id, in the same order: enough for those who want to read only some of them. Records
 * never change: a run whose keys are the same says the same.
 * @throws store-*
 */
export async function listRunKeys(store: ObjectStore, target: string, since: Date): Promise<Map<string, string[]>> {
  const keys: string[] = [];
  const prefix = runsPrefix(target);
  for await (const { key } of store.list(prefix, { startAfter: `${prefix}${toCompactTimestamp(since)}` })) {
    if (!key.endsWith('/plan.json')) keys.push(key);
  }
  return Map.groupBy(keys, (key) => key.split('/')[2] ?? '');
}

/** @param keys of its records @throws store-* */
export async function readRun(store: ObjectStore, runId: string, keys: string[]): Promise<Run> {
  const run: Run = { runId, verdicts: [], unreadable: [] };
  const verdicts: [number, Verdict][] = [];
  for (const key of keys) {
    const name = key.split('/')[3] ?? '';
    if (name === `${RECOVER_SENT}.json`) continue;
    const json = await readJson(store, key);
    const verdictNumber = /^verdict-(\d+)\.json$/.exec(name)?.[1];
    const { data: requested } = requestedSchema.safeParse(json);
    const { data: started } = startedSchema.safeParse(json);
    const { data: verdict } = verdictSchema.safeParse(json);
    const { data: plan } = restorePlanRecordSchema.safeParse(json);
    if (name === 'requested.json' && requested) run.requested = requested;
    else if (name === 'started.json' && started) run.started = started;
    else if (name === 'plan.json' && plan) run.plan = plan;
    else if (verdictNumber && verdict) verdicts.push([Number(verdictNumber), verdict]);
    else run.unreadable.push(key);
  }
  run.verdicts = verdicts.sort(([a], [b]) => a - b).map(([, verdict]) => verdict);
  return run;
}

async function readJson(store: ObjectStore, key: string): Promise<unknown> {
  const object = await readObjectIfPresent(store, key);
  try {
    return object && JSON.parse(new TextDecoder().decode(object.bytes));
  } catch {
    return undefined;
  }
}
