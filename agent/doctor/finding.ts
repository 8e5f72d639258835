import { toBackupError } from '../../core/model/errors.ts';

export interface Finding {
  check: string;
  level: 'ok' | 'warning' | 'problem';
  message: string;
  /** What to do about it; null where all is well. */
  fix: string | null;
}

export function ok(check: string, message: string): Finding {
  return { check, level: 'ok', message, fix: null };
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, level: 'warning', message, fix };
}

export function problem(check: string, error: unknown): Finding {
  const { message, hint } = toBackupError(error);
  return { check, level: 'problem', message, fix: hint ?? 'See the log of the server concerned.' };
}
