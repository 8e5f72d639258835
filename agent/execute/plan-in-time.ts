import { BackupError } from '../../core/model/errors.ts';
import type { BackupDeps } from '../backup.ts';
import { assertOneTarget } from '../restore/guards.ts';
import { planRestore, type RestorePlan } from '../restore/plan.ts';
import { type RestoringRequest, toRestoreRequest } from './restore-request.ts';

/**
 * Within the time that a run has.
 * @throws deadline, interrupted; as `planRestore`
 */
export async function planInTime(request: RestoringRequest, deps: BackupDeps): Promise<RestorePlan> {
  const { timeoutSeconds } = deps.config;
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  const signal = AbortSignal.any([deps.signal, deadline]);
  const restoreRequest = toRestoreRequest(request);
  assertOneTarget(restoreRequest);
  try {
    return await planRestore(restoreRequest, { ...deps, signal });
  } catch (error) {
    deps.signal.throwIfAborted();
    throw deadline.aborted ? outOfTime(timeoutSeconds, error) : error;
  }
}

function outOfTime(timeoutSeconds: number, cause: unknown): BackupError {
  return new BackupError('deadline', `Planning took longer than ${timeoutSeconds} s and was given up.`, {
    hint: 'Raise BACKUP_TIMEOUT_SECONDS, or see why FalkorDB or the store is slow.',
    retryable: true,
    cause,
  });
}
