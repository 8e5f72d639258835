import { toBackupError } from '../../core/model/errors.ts';

/** As Lambda shows an error to whoever invoked it: by its name and its message, and by nothing else. */
export function invocationError(error: unknown): Error {
  const { code, message, hint } = toBackupError(error);
  const shown = new Error(hint === undefined ? message : `${message} ${hint}`, { cause: error });
  shown.name = code;
  return shown;
}
