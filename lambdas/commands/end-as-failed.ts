import type { EventSink } from '../../core/alerts/event-sink.ts';
import { recordVerdict } from '../../core/catalog/runs.ts';
import { formatBackupId, parseBackupId } from '../../core/model/backup-id.ts';
import type { BackupError } from '../../core/model/errors.ts';
import { type BackupEvent, backupEvent, type EventDetail, type EventType } from '../../core/model/events.ts';
import type { AgentRequest } from '../../core/model/request.ts';
import type { Failure } from '../../core/model/run-record.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';

/** A request of which a run is recorded. */
export type RunRequest = Exclude<AgentRequest, { action: 'doctor' }>;

/** A request that did not reach its agent, or whose agent could not say how it ended. */
export interface FailedRequest {
  request: RunRequest;
  error: BackupError;
  /** Always the same for the same failure, so that saying it twice changes nothing. */
  at: string;
}

/** @param occasion makes two failures of one run two facts */
export function failureEvent(type: EventType, { request, error, at }: FailedRequest, occasion: string): BackupEvent {
  return backupEvent(type, occasion, {
    ...knownOf(request),
    at,
    message: error.message,
    hint: error.hint ?? null,
    failure: toFailure(error),
  });
}

/** What an event says of the run of a request. */
export function knownOf(request: RunRequest): Pick<EventDetail, 'target' | 'runId' | 'tier' | 'backupId'> {
  const { target, runId } = request;
  return { target, runId, tier: request.action === 'backup' ? request.tier : null, backupId: backupIdOf(request) };
}

export function recordFailure(store: ObjectStore, { request, error, at }: FailedRequest): Promise<void> {
  const { target, runId } = request;
  const failure = toFailure(error);
  return recordVerdict(store, {
    schemaVersion: 1,
    runId,
    target,
    verdict: 'failed',
    endedAt: at,
    reason: null,
    failure,
    steps: [],
  });
}

/**
 * Tells first and records then: who finds the verdict need not tell, and who dies between the two tells again, under the
 * same event id.
 * @throws not-delivered, store-*
 */
export async function endAsFailed(
  type: EventType,
  failed: FailedRequest,
  { sink, store }: { sink: EventSink; store: ObjectStore },
): Promise<void> {
  await sink.send([failureEvent(type, failed, failed.request.runId)]);
  await recordFailure(store, failed);
}

function toFailure({ code, message, hint, retryable }: BackupError): Failure {
  return { code, message, hint: hint ?? null, retryable };
}

function backupIdOf(request: RunRequest): string | null {
  if (request.action === 'backup') {
    return formatBackupId({ ...request, scheduledFor: new Date(request.scheduledFor) });
  }
  return 'backup' in request && parseBackupId(request.backup) ? request.backup : null;
}
