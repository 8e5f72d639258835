import { findRun, hasVerdict } from '../../core/catalog/runs.ts';
import { parseInput } from '../../core/model/function-inputs.ts';
import { decodeRequest, type RequestOf } from '../../core/model/request.ts';
import { fromSsmParameters } from '../../core/model/request-parameters.ts';
import { endAsFailed, type FailedRequest, failureEvent, recordFailure } from '../commands/end-as-failed.ts';
import { hasBackupEnded, isStored } from '../commands/has-backup-ended.ts';
import { type Logger, logOfRun } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import { commandEventSchema, isFailure } from './command-event.ts';
import { commandFailure, type EndedCommand } from './command-failure.ts';
import { needsRecovery, type RecoverDeps, recoverOccasion, recoverOnce } from './recover-restore.ts';
import { untoldFailure } from './untold-failure.ts';

export interface TrackCommandDeps extends RecoverDeps {
  log: Logger;
  count: Count;
}

/**
 * What became of one event: `failed` where this function was the first to say so, `told` where the agent has recorded how
 * the run failed, and may not have told it.
 */
export type Tracked = 'ignored' | 'already ended' | 'told' | 'failed';

/**
 * Says of a command what its agent could not: that it failed, ran out of time, or never reached its host. What it tells
 * and records rests on the event alone, with the event's own time: late and double events change nothing, and where it
 * throws it can be invoked again.
 * @throws invalid-argument where this is no such event, or the command carries a request that this version does not
 * understand. All functions are deployed together, so that is seen for moments only, while a stack is being changed:
 * trying again helps, and what still fails lies in the dead-letter queue rather than being lost.
 * @throws command-refused, not-delivered, store-*
 */
export async function trackCommand(input: unknown, deps: TrackCommandDeps): Promise<Tracked> {
  const { time, detail } = parseInput(commandEventSchema, input);
  const { 'command-id': commandId, 'document-name': document, 'instance-id': instanceId, status } = detail;
  if (document !== deps.document || !isFailure(status)) return 'ignored';
  const sent = await deps.ssm.findCommand(commandId);
  if (!sent) {
    deps.log.warn('Systems Manager does not know this command (any more)', { commandId, status });
    return 'ignored';
  }
  const request = decodeRequest(fromSsmParameters(sent.parameters));
  const found = await deps.ssm.findInvocation(commandId, instanceId);
  const command: EndedCommand = {
    commandId,
    instanceId,
    status: found?.statusDetails || status,
    exitCode: found?.exitCode ?? null,
    stderr: found?.stderr ?? '',
  };
  const error = commandFailure(request.action, request.target, command);
  const log = logOfRun(deps.log, { target: request.target, ...('runId' in request ? { runId: request.runId } : {}) });
  log.warn(error.message, { commandId, hint: error.hint });
  const tracked =
    request.action === 'doctor' ? 'ignored' : await trackRun({ request, error, at: time }, command, { ...deps, log });
  if (tracked === 'failed') deps.count('TargetsFailed', 1);
  return tracked;
}

async function trackRun(failed: FailedRequest, command: EndedCommand, deps: TrackCommandDeps): Promise<Tracked> {
  const { request } = failed;
  const { target, runId } = request;
  switch (request.action) {
    case 'backup':
      if (await hasBackupEnded(deps.store, request)) return trackEndedBackup(request, command, deps);
      await endAsFailed('Backup Failed', failed, deps);
      return 'failed';
    case 'restore':
      return trackRestore(request, failed, command, deps);
    case 'plan':
      // Who asked waits for the answer, and nobody else has to know.
      if (await hasVerdict(deps.store, target, runId)) return 'already ended';
      await recordFailure(deps.store, failed);
      return 'failed';
    case 'recover':
      await deps.sink.send([failureEvent('Restore Failed', failed, recoverOccasion(runId))]);
      return 'failed';
  }
}

async function trackEndedBackup(
  request: RequestOf<'backup'>,
  { exitCode }: EndedCommand,
  { store, sink }: TrackCommandDeps,
): Promise<Tracked> {
  if (await isStored(store, request)) return 'already ended';
  const untold = untoldFailure(request, await findRun(store, request.target, request.runId), exitCode);
  if (!untold) return 'already ended';
  await sink.send([untold]);
  return 'told';
}

/** The verdict comes last: where anything before it fails, the next attempt does all of it again. */
async function trackRestore(
  request: RequestOf<'restore'>,
  failed: FailedRequest,
  { exitCode }: EndedCommand,
  deps: TrackCommandDeps,
): Promise<Tracked> {
  const { target, runId } = request;
  const ended = await hasVerdict(deps.store, target, runId);
  const run = await findRun(deps.store, target, runId);
  const untold = ended ? untoldFailure(request, run, exitCode) : failureEvent('Restore Failed', failed, runId);
  if (untold) await deps.sink.send([untold]);
  if (needsRecovery(run, exitCode) && (await recoverOnce(request, failed.at, deps.log, deps))) {
    deps.count('CommandsSent', 1);
  }
  if (ended) return untold ? 'told' : 'already ended';
  await recordFailure(deps.store, failed);
  return 'failed';
}
