import { parseBackupId } from './backup-id.ts';
import { BackupError } from './errors.ts';
import { describeError } from './event-texts.ts';
import { type BackupEvent, backupEvent, type EventType } from './events.ts';
import type { Failure, Requested, Started } from './run-record.ts';

/** Nobody waits for a plan but who asked for it. */
const EVENT_OF: Record<Requested['verb'], EventType | null> = {
  backup: 'Backup Failed',
  restore: 'Restore Failed',
  prune: 'Prune Failed',
  plan: null,
};

/** What is told of a run that never said how it ended. */
export function lostRunEvents(requested: Requested, started: Started | undefined, now: Date): BackupEvent[] {
  const { verb, runId, target, backupId } = requested;
  const type = EVENT_OF[verb];
  if (!type) return [];
  const error = lostRunError(requested, started);
  const tier = verb === 'backup' && backupId ? (parseBackupId(backupId)?.tier ?? null) : null;
  const known = { at: now.toISOString(), target, tier, runId, backupId, message: error.message };
  return [backupEvent(type, runId, { ...known, ...describeError(error) })];
}

/** What its verdict says. */
export function lostRunFailure(requested: Requested, started: Started | undefined): Failure {
  const { code, message, hint = null, retryable } = lostRunError(requested, started);
  return { code, message, hint, retryable };
}

function lostRunError({ verb, runId, target, requestedAt }: Requested, started: Started | undefined): BackupError {
  const retryable = verb !== 'restore';
  if (!started) {
    return new BackupError(
      'command-failed',
      `The ${verb} of ${target} that was asked for at ${requestedAt} (run ${runId}) never began: no agent took it up.`,
      { hint: 'See that the agent of this target runs and reaches the store; then ask again.', retryable },
    );
  }
  const { startedAt, host, pid, toolVersion } = started;
  return new BackupError(
    'deadline',
    `The ${verb} of ${target} (run ${runId}), asked for at ${requestedAt}, began at ${startedAt} as process ${pid} on ${host} (version ${toolVersion}) and never said how it ended.`,
    {
      hint:
        verb === 'restore'
          ? `FalkorDB may be frozen, refusing writes: run "falkordb-backup restore --recover" on ${host}, with the settings of that restore (docs/restore.md).`
          : `Its process was killed or cut off from the store: see its log on ${host}, and whether that ran out of memory.`,
      retryable,
    },
  );
}
