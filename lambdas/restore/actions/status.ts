import { readEntry } from '../../../core/catalog/catalog.ts';
import { findRun, type Run } from '../../../core/catalog/runs.ts';
import { parseBackupId } from '../../../core/model/backup-id.ts';
import { BackupError } from '../../../core/model/errors.ts';
import type { RestorePlanRecord } from '../../../core/model/restore-plan-record.ts';
import { runOutcome } from '../../../core/model/run-record.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import type { RestoreDeps } from '../deps.ts';
import { countGraphs, namesOf } from '../describe-backup.ts';
import type { InputOf } from '../inputs.ts';

export async function status({ target, runId }: InputOf<'status'>, { store }: RestoreDeps) {
  const run = await findRun(store, target, runId);
  if (!run) {
    throw new BackupError('backup-not-found', `Nothing is recorded of a run ${runId} of ${target} in ${store.url}.`, {
      hint: 'Give target and runId as plan or start answered them.',
    });
  }
  const { requested, started, verdicts, plan, unreadable } = run;
  const outcome = runOutcome(run, await hasMade(run, store));
  // Several can differ: whoever watched the agent may have given it up before it ended well.
  const verdict = verdicts.findLast((each) => each.verdict === outcome);
  return {
    runId,
    target,
    verb: requested?.verb ?? null,
    backupId: requested?.backupId ?? null,
    outcome,
    requestedAt: requested?.requestedAt ?? null,
    startedAt: started?.startedAt ?? null,
    endedAt: verdict?.endedAt ?? null,
    reason: verdict?.reason ?? null,
    failure: verdict?.failure ?? null,
    steps: verdict?.steps ?? [],
    plan: plan ? describePlan(plan) : null,
    unreadable,
  };
}

function describePlan({ schemaVersion: _, runId: __, target: ___, server, ...found }: RestorePlanRecord) {
  const { graphs, ...about } = server;
  return { ...found, server: { ...about, ...countGraphs(graphs), graphNames: namesOf(graphs) } };
}

/** Whether the run has made its backup, whatever was said of it since. */
async function hasMade({ requested, runId }: Run, store: ObjectStore): Promise<boolean> {
  const parts = parseBackupId(requested?.backupId ?? '');
  const entry = parts && (await readEntry(store, parts));
  return entry !== undefined && 'manifest' in entry.content && entry.content.manifest.runId === runId;
}
