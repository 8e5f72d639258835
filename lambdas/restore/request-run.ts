import { recordRequested } from '../../core/catalog/runs.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { RequestOf } from '../../core/model/request.ts';
import { type FailedRequest, failureEvent, recordFailure } from '../commands/end-as-failed.ts';
import { type SentRequest, sendRequest } from '../commands/send-request.ts';
import { logOfRun } from '../runtime/logger.ts';
import type { RestoreDeps } from './deps.ts';

/**
 * To send a request takes no longer, and to say that it could not be sent: by the bounds that handler.ts sets. Whoever
 * asks must hear of what was sent, before the function is ended.
 */
const SENDING_MS = 30_000;

/**
 * Records that the run was asked for, before any command carries its id, and sends it. What could not be sent has failed:
 * a person who asks again asks for another run.
 * @throws command-refused, deadline where the store was so slow that there is no time left to send it, store-*
 */
export async function requestRun(request: RequestOf<'plan' | 'restore'>, deps: RestoreDeps): Promise<SentRequest> {
  const { action: verb, runId, target, backup: backupId } = request;
  const log = logOfRun(deps.log, { target, runId });
  const requestedAt = deps.now().toISOString();
  await recordRequested(deps.store, { schemaVersion: 1, runId, target, verb, backupId, requestedAt });
  try {
    assertTimeLeft(deps.remainingMs());
    const sent = await sendRequest(request, deps);
    log.info('Sent the request', { ...sent, verb, backupId });
    return sent;
  } catch (error) {
    await end({ request, error: toBackupError(error), at: deps.now().toISOString() }, { ...deps, log });
    throw error;
  }
}

function assertTimeLeft(remainingMs: number): void {
  if (remainingMs >= SENDING_MS) return;
  throw new BackupError(
    'deadline',
    'The store was slow, and the time of the function is nearly over: nothing was sent.',
    {
      hint: 'See whether the store answers (the action list), and ask again.',
      retryable: true,
    },
  );
}

/** Whoever invoked the function hears why it failed, also where that can be neither told nor recorded. */
async function end(failed: FailedRequest, { sink, store, log }: RestoreDeps): Promise<void> {
  const { action, runId } = failed.request;
  const telling = action === 'restore' ? sink.send([failureEvent('Restore Failed', failed, runId)]) : Promise.resolve();
  for (const result of await Promise.allSettled([telling, recordFailure(store, failed)])) {
    if (result.status === 'rejected') {
      log.error('The failure could not be told or recorded', toBackupError(result.reason));
    }
  }
}
