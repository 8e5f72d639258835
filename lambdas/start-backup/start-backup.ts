import pMap from 'p-map';
import type { EventSink } from '../../core/alerts/event-sink.ts';
import { recordRequested } from '../../core/catalog/runs.ts';
import { formatBackupId } from '../../core/model/backup-id.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import { parseInput, type StartBackupInput, startBackupInputSchema } from '../../core/model/function-inputs.ts';
import { type RequestOf, scheduledRunId } from '../../core/model/request.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { endAsFailed } from '../commands/end-as-failed.ts';
import { hasBackupEnded } from '../commands/has-backup-ended.ts';
import { type SendDeps, sendRequest } from '../commands/send-request.ts';
import { type Logger, logOfRun } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** Systems Manager allows few requests a second. */
const PARALLEL_TARGETS = 5;

export interface StartBackupDeps extends SendDeps {
  store: ObjectStore;
  sink: EventSink;
  now: () => Date;
  log: Logger;
  count: Count;
}

export interface StartedTarget {
  target: string;
  runId: string;
  outcome: 'sent' | 'already ended' | 'failed';
  commandId?: string;
  error?: string;
}

/** Of a target whose failure is neither told nor recorded. */
interface OpenTarget extends StartedTarget {
  open: BackupError;
}

/**
 * Asks the agent of each target for its backup, and waits for none. A target that cannot be reached gets its verdict and
 * an event, and keeps none of the others from theirs.
 *
 * It throws once all were tried where something is left to do: a failure that may pass (the service was busy, the store
 * away), or one that could be neither told nor recorded. Lambda then invokes it again with the same input, twice, which
 * repeats nothing for the others: their run ids are the same, those with a verdict or a manifest are left alone, and an
 * agent that is at work on a run, or has done it, takes a second command for it as a duplicate and ends quietly. Which
 * attempt this is nobody tells a function, so a failure that may pass gets no verdict here, not even at the last one:
 * the input then lies in the dead-letter queue, and the run without a verdict is the watchdog's to notice.
 * @throws invalid-argument; command-refused, retryable, naming every target that is left to do
 */
export async function startBackup(input: unknown, deps: StartBackupDeps): Promise<{ targets: StartedTarget[] }> {
  const wanted = parseInput(startBackupInputSchema, input);
  const requests = [...new Set(wanted.targets)].map((target) => toRequest(target, wanted));
  const targets = await pMap(requests, (request) => startTarget(request, deps), { concurrency: PARALLEL_TARGETS });
  deps.count('CommandsSent', targets.filter(({ outcome }) => outcome === 'sent').length);
  deps.count('TargetsFailed', targets.filter(({ outcome }) => outcome === 'failed').length);
  const open = targets.filter((target) => 'open' in target);
  if (open.length > 0) throw notAllStarted(open, targets.length);
  return { targets };
}

function toRequest(target: string, { tier, scheduledTime }: StartBackupInput): RequestOf<'backup'> {
  const time = new Date(scheduledTime);
  return { action: 'backup', target, runId: scheduledRunId(time, tier), tier, scheduledFor: time.toISOString() };
}

async function startTarget(request: RequestOf<'backup'>, deps: StartBackupDeps): Promise<StartedTarget | OpenTarget> {
  const { target, runId } = request;
  const log = logOfRun(deps.log, { target, runId });
  try {
    if (await hasBackupEnded(deps.store, request)) {
      log.info('Nothing to ask for: this run has ended already');
      return { target, runId, outcome: 'already ended' };
    }
    await recordRequested(deps.store, {
      schemaVersion: 1,
      runId,
      target,
      verb: 'backup',
      backupId: formatBackupId({ ...request, scheduledFor: new Date(request.scheduledFor) }),
      requestedAt: deps.now().toISOString(),
    });
    const { commandId, instanceId } = await sendRequest(request, deps);
    log.info('Sent the request', { commandId, instanceId });
    return { target, runId, outcome: 'sent', commandId };
  } catch (cause) {
    const error = toBackupError(cause);
    log.error('The backup could not be asked for', error);
    const failed = { target, runId, outcome: 'failed' as const, error: error.message };
    if (error.retryable) return { ...failed, open: error };
    try {
      await endAsFailed('Backup Failed', { request, error, at: deps.now().toISOString() }, deps);
      return failed;
    } catch (untold) {
      log.error('The failure could not be told or recorded', toBackupError(untold));
      return { ...failed, open: error };
    }
  }
}

function notAllStarted(open: OpenTarget[], total: number): BackupError {
  const each = open.map(({ target, open: { message } }) => `${target}: ${message}`);
  return new BackupError('command-refused', `Left to do are ${open.length} of ${total} targets. ${each.join(' ')}`, {
    hint: 'Lambda tries again by itself; afterwards the input lies in the dead-letter queue, from where it can be sent again.',
    retryable: true,
    cause: new AggregateError(open.map((target) => target.open)),
  });
}
