import type { EventSink } from '../../core/alerts/event-sink.ts';
import { RECOVER_SENT, type Run } from '../../core/catalog/runs.ts';
import { BackupError, EXIT_CODES, toBackupError } from '../../core/model/errors.ts';
import { runKey } from '../../core/model/keys.ts';
import type { RequestOf } from '../../core/model/request.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { encodeJson, isListed, putIfAbsent } from '../../core/store/small-object.ts';
import { failureEvent } from '../commands/end-as-failed.ts';
import { type SendDeps, sendRequest } from '../commands/send-request.ts';
import type { Logger } from '../runtime/logger.ts';

export interface RecoverDeps extends SendDeps {
  store: ObjectStore;
  sink: EventSink;
}

/**
 * Whether the restore may have left FalkorDB frozen. One that has not begun has touched nothing: it says that it begins
 * before it does anything, and one that was refused because another restore is at work never does. One that has failed
 * may have, also where it has its own verdict: who lost the lease leaves all as it is. To ask in vain does no harm: the
 * agent waits for its lease, and does nothing where no journal is left. After one that has completed nobody is asked.
 */
export function needsRecovery(run: Run | undefined, exitCode: number | null): boolean {
  if (exitCode === EXIT_CODES.unfinishedRestore) return true;
  return run !== undefined && hasBegun(run) && run.verdicts.every(({ verdict }) => verdict === 'failed');
}

/** Also where that is said by a newer version. */
function hasBegun({ started, unreadable }: Run): boolean {
  return started !== undefined || unreadable.some((key) => key.endsWith('/started.json'));
}

/**
 * Sends `restore --recover` to the host, once a restore: it is recorded after it was sent, so that who dies between the
 * two sends it again, which a second time finds nothing to recover.
 * @throws command-refused that is retryable, not-delivered, store-*
 */
export async function recoverOnce(
  { target, runId }: RequestOf<'restore'>,
  at: string,
  log: Logger,
  deps: RecoverDeps,
): Promise<boolean> {
  const key = runKey(target, runId, RECOVER_SENT);
  if (await isListed(deps.store, key)) return false;
  const request = { action: 'recover' as const, target, runId };
  try {
    const sent = await sendRequest(request, deps);
    await putIfAbsent(deps.store, key, encodeJson({ schemaVersion: 1, runId, target, ...sent, sentAt: at }));
    log.warn('The restore did not end well: asked the host to set FalkorDB free', { ...sent });
    return true;
  } catch (cause) {
    const error = toBackupError(cause);
    if (error.retryable || error.code !== 'command-refused') throw cause;
    log.error('The host cannot be asked to set FalkorDB free', error);
    await deps.sink.send([
      failureEvent('Restore Failed', { request, error: frozen(error), at }, recoverOccasion(runId)),
    ]);
    return false;
  }
}

export function recoverOccasion(runId: string): string {
  return `${runId}-recover`;
}

function frozen({ code, message, hint = '', cause }: BackupError): BackupError {
  return new BackupError(code, `FalkorDB may be frozen after a restore, and its host cannot be asked. ${message}`, {
    hint: `${hint} Then run "falkordb-backup restore --recover" on the host.`.trim(),
    cause,
  });
}
