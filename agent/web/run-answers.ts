import pMap from 'p-map';
import { listRunKeys, type Run, readRun } from '../../core/catalog/runs.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { runOutcome } from '../../core/model/run-record.ts';
import type { Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { FailureAnswer, RunAnswer } from './api.ts';
import { BoundedMap } from './bounded-map.ts';

const PARALLEL_READS = 16;
const MAX_OLDER_RUNS = 5000;

/** Runs of one target as the page shows them. Records never change: one that was read is not read again. */
export class RunAnswers {
  readonly #store: ObjectStore;
  readonly #target: string;
  /** Those that were last read since a time: as many as there are, as they are read again and again. */
  #recent: ReadonlyMap<string, Run> = new Map();
  readonly #older = new BoundedMap<Run>(MAX_OLDER_RUNS);

  constructor(store: ObjectStore, target: string) {
    this.#store = store;
    this.#target = target;
  }

  /** The keys of the records of each run since a time, oldest first. @throws store-* */
  list(since: Date): Promise<Map<string, string[]>> {
    return listRunKeys(this.#store, this.#target, since);
  }

  /** All since a time, oldest first. @param made as of `read` @throws store-* */
  async readSince(since: Date, made: ReadonlyMap<string, string>): Promise<RunAnswer[]> {
    const listed = await this.list(since);
    const read = async ([runId, keys]: [string, string[]]): Promise<[string, Run]> => [
      keys.join(' '),
      await this.#read(runId, keys),
    ];
    const runs = await pMap(listed, read, { concurrency: PARALLEL_READS });
    this.#recent = new Map(runs);
    return runs.map(([, run]) => toAnswer(this.#target, run, made.get(run.runId)));
  }

  /**
   * @param made when the backup of a run was completed, by run id, of those that have made one
   * @throws store-*
   */
  read(runs: [runId: string, keys: string[]][], made: ReadonlyMap<string, string>): Promise<RunAnswer[]> {
    const read = async ([runId, keys]: [string, string[]]) =>
      toAnswer(this.#target, await this.#read(runId, keys), made.get(runId));
    return pMap(runs, read, { concurrency: PARALLEL_READS });
  }

  async #read(runId: string, keys: string[]): Promise<Run> {
    const version = keys.join(' ');
    const known = this.#recent.get(version) ?? this.#older.get(version);
    if (known) return known;
    const run = await readRun(this.#store, runId, keys);
    this.#older.set(version, run);
    return run;
  }
}

function toAnswer(target: string, run: Run, madeAt: string | undefined): RunAnswer {
  const { runId, requested, started, verdicts } = run;
  const outcome = runOutcome(run, madeAt !== undefined);
  // A backup that exists outranks the verdict of whoever gave its run up.
  const verdict = verdicts.find((candidate) => candidate.verdict === outcome);
  const backupId = requested?.backupId ?? null;
  const verb = requested?.verb ?? null;
  return {
    runId,
    target,
    verb,
    tier: (verb === 'backup' && backupId !== null && parseBackupId(backupId)?.tier) || null,
    backupId,
    outcome,
    requestedAt: requested?.requestedAt ?? null,
    startedAt: started?.startedAt ?? null,
    endedAt: verdict?.endedAt ?? (outcome === 'completed' ? (madeAt ?? null) : null),
    host: started?.host ?? null,
    reason: verdict?.reason ?? null,
    failure: verdict?.failure ?? null,
    steps: verdict?.steps ?? [],
    undelivered: verdict?.undelivered ?? [],
  };
}

/** The newest run that has failed, and that no later one of the same kind and tier has made good. */
export function lastFailure(oldestFirst: RunAnswer[]): FailureAnswer | null {
  const wentWell = new Set<string>();
  for (const run of oldestFirst.toReversed()) {
    const { runId, verb, tier, backupId, outcome, endedAt, requestedAt, failure } = run;
    // A plan changes nothing: whether one could be made says nothing of the target.
    if (verb === 'plan') continue;
    const kind = `${verb} ${tier}`;
    if (outcome === 'completed' || outcome === 'skipped') wentWell.add(kind);
    if (outcome !== 'failed' || wentWell.has(kind)) continue;
    const at = endedAt ?? requestedAt ?? '';
    const { code = 'internal', message = 'It failed, and its record does not say why.', hint = null } = failure ?? {};
    return { runId, verb: verb ?? 'run', tier, backupId, at, code, message, hint };
  }
  return null;
}

/** When a run of a tier last found that no backup was needed; null where none did. */
export function lastSkip(oldestFirst: RunAnswer[], tier: Tier): string | null {
  return oldestFirst.findLast((run) => run.tier === tier && run.outcome === 'skipped')?.endedAt ?? null;
}
