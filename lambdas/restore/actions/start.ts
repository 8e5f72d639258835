import { resolveBackup } from '../../../core/catalog/catalog.ts';
import { BackupError } from '../../../core/model/errors.ts';
import { newRunId } from '../../../core/model/run-id.ts';
import { assertNoOtherRestore } from '../assert-no-other-restore.ts';
import type { RestoreDeps } from '../deps.ts';
import type { InputOf } from '../inputs.ts';
import { howToAsk } from '../next.ts';
import { requestRun } from '../request-run.ts';

export async function start(input: InputOf<'start'>, deps: RestoreDeps) {
  const { target, backup, fromTarget, options } = input;
  assertConfirmed(input);
  await assertNoOtherRestore(target, deps);
  // Resolved now: a backup that is made before the host reads the request must not change what was meant.
  const { backupId } = await resolveBackup(deps.store, fromTarget ?? target, backup);
  const runId = newRunId(deps.now());
  const sent = await requestRun({ action: 'restore', target, runId, backup: backupId, options }, deps);
  return { runId, ...sent, backupId, next: howToAsk(target, runId) };
}

function assertConfirmed({ target, confirm }: InputOf<'start'>): void {
  if (confirm === target) return;
  throw new BackupError('not-confirmed', `A restore overwrites all that ${target} holds, and was not confirmed.`, {
    hint: `Invoke it again with "confirm": "${target}" if that is meant; the action plan shows what would happen.`,
  });
}
