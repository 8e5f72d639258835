import { BackupError } from '../model/errors.ts';

/** The error an aborted call rejects with: the signal's own reason if it is one of ours (a deadline, a lost lease). */
export function abortError(signal: AbortSignal): BackupError {
  if (signal.reason instanceof BackupError) return signal.reason;
  return new BackupError('interrupted', 'The operation was interrupted.', { cause: signal.reason });
}

/** @throws abortError */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}
