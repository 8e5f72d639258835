import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { Contents } from '../../core/model/verification.ts';
import type { BackupDeps } from '../backup.ts';
import { restoreEnded, restoreStarted } from '../events.ts';
import { boundLog } from '../logging/bound-log.ts';
import { prove, proveBackup } from '../prove.ts';
import { recordRun, type Work } from '../run.ts';
import { createTeller } from '../telling.ts';
import { followIndexes } from './follow-indexes.ts';
import { isProofFor, planRestore, type RestorePlan } from './plan.ts';
import { type Replaced, replaceData } from './replace-data.ts';
import { isRolledBack } from './rolled-back-error.ts';
import { Steps } from './steps.ts';

export interface RestoreResult {
  status: 'completed';
  runId: string;
  target: string;
  /** Backup id, or the name of the file. */
  restored: string;
  safetyBackupId: string | null;
  graphs: Contents['graphs'];
  /** Those that FalkorDB was still building when the run ended, as `graph: label`. */
  pendingIndexes: string[];
  steps: Steps['list'];
  notes: string[];
}

export interface RestoreOptions {
  /** Aborted when indexes are no longer to be followed; by default once the time of a run has passed since its end. */
  patience?: AbortSignal;
}

/**
 * Does what the plan says. The server ends with all of its old data or all of the backup, taking writes.
 * @throws lease-held, lease-lost, integrity, restore-unfinished, database-*, store-*, deadline, interrupted
 */
export async function restore(
  plan: RestorePlan,
  deps: BackupDeps,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { config, store, now, signal } = deps;
  const { runId } = plan.request;
  const log = boundLog(deps.log, { runId, restore: plan.source.name });
  const steps = new Steps(log);
  const run = {
    verb: 'restore' as const,
    runId,
    target: config.target,
    backupId: plan.source.manifest?.backupId ?? null,
    store,
    now,
    log,
    timeoutSeconds: config.timeoutSeconds,
    steps: steps.list,
    signal,
  };
  const about = { target: config.target, runId, source: plan.source.name };
  const teller = createTeller({ ...deps, log });
  const outcome = await recordRun(
    run,
    async (work) => {
      // A restore does not wait for anybody to hear of it.
      void teller.tell(restoreStarted(about, now()));
      return { status: 'completed', value: await carryOutPlan(plan, work, { ...deps, log }, steps) };
    },
    { teller, describe: (end) => restoreEnded(about, end, end.status === 'failed' && isRolledBack(end.failure)) },
  );
  if (outcome.status === 'skipped') throw new Error('A restore is never skipped.');
  const { contents, safetyBackupId, notes } = outcome.value;
  // Its verdict is given, and other runs may go on: a server can build indexes for hours.
  const patience = options.patience ?? AbortSignal.timeout(config.timeoutSeconds * 1000);
  const followed = AbortSignal.any([signal, patience]);
  const pendingIndexes = await steps.run('indexes', () => followIndexes(contents.graphs, followed, { ...deps, log }));
  return {
    status: 'completed',
    runId,
    target: plan.target,
    restored: plan.source.name,
    safetyBackupId,
    graphs: contents.graphs,
    pendingIndexes,
    steps: steps.list,
    notes,
  };
}

async function carryOutPlan(plan: RestorePlan, work: Work, deps: BackupDeps, steps: Steps): Promise<Replaced> {
  const { request } = plan;
  const expected =
    plan.proof?.contents ?? (request.unproven ? null : await steps.run('prove', () => proof(plan, work, deps)));
  const { source } = await steps.run('check', () => planAgain(plan, work, deps));
  const order = { runId: request.runId, source, expected, withSafetyBackup: request.withSafetyBackup };
  return replaceData(order, work, deps, steps);
}

/** @throws integrity where a throw-away server cannot load it, or only a newer one than the target's can */
async function proof({ source, server }: RestorePlan, { signal }: Work, deps: BackupDeps): Promise<Contents> {
  const { manifest } = source;
  const parts = manifest && parseBackupId(manifest.backupId);
  const proven =
    manifest && parts
      ? await proveBackup(manifest, parts, { ...deps, signal })
      : { ...(await prove(source, { ...deps, signal })), outcome: 'loaded' as const, failure: null, differences: [] };
  if (proven.outcome === 'failed' || !proven.contents) {
    const why = proven.failure?.message ?? proven.differences.join('; ');
    throw new BackupError('integrity', `${source.name} was loaded for a trial and failed: ${why}`, {
      hint: 'FalkorDB was not touched. Restore another backup; "verify --all --load" tells which ones load.',
    });
  }
  if (!isProofFor(server, proven.engine)) {
    throw new BackupError(
      'engine-missing',
      `${source.name} loads in FalkorDB ${proven.engine.falkordb}, but the target runs ${server.falkordbVersion}, and no such version is here to try.`,
      { hint: 'Install that version of FalkorDB beside this agent, or take the risk with --unproven.' },
    );
  }
  return proven.contents;
}

/** Time has passed since the plan was shown: for the question, the lease, the proof. */
async function planAgain(plan: RestorePlan, { signal }: Work, deps: BackupDeps): Promise<RestorePlan> {
  const reference = plan.source.manifest?.backupId ?? plan.request.reference;
  const again = await planRestore({ ...plan.request, reference }, { ...deps, signal, hasLease: true });
  const [refusal] = again.refusals;
  if (refusal) throw refusal;
  if (again.source.sha256 !== plan.source.sha256 || again.server.runId !== plan.server.runId) {
    throw new BackupError(
      'database-unsuitable',
      'FalkorDB restarted, or the backup changed, since the plan was made.',
      {
        hint: 'Run the command again and look at the new plan.',
        retryable: true,
      },
    );
  }
  return again;
}
