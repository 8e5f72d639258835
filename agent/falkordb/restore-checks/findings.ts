import { BackupError, type ErrorCode, hasCode } from '../../../core/model/errors.ts';

const MIB = 1024 * 1024;

/** What would be restored. */
export interface RestoreSubject {
  /** For people: a backup id or a path. */
  name: string;
  /** Of the plain dump. */
  rdbBytes: number;
  /** Of the server that wrote it; null where that is not known. */
  usedMemoryBytes: number | null;
  engine: { redis: string | null; falkordb: string | null; rdbVersion: number };
}

export interface Findings {
  /** Why the restore cannot work, or would do harm. */
  refusals: BackupError[];
  /** What could not be checked, a sentence each. */
  notes: string[];
}

export const NOTHING: Findings = { refusals: [], notes: [] };

export function refuse(code: ErrorCode, message: string, hint: string, retryable = false): Findings {
  return { refusals: [new BackupError(code, message, { hint, retryable })], notes: [] };
}

export function note(sentence: string): Findings {
  return { refusals: [], notes: [sentence] };
}

export function merge(findings: Findings[]): Findings {
  return {
    refusals: findings.flatMap(({ refusals }) => refusals),
    notes: findings.flatMap(({ notes }) => notes),
  };
}

/** Undefined where this user may not ask that: the check of its rights says so. */
export async function ifAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isDenied(error) || isUnknownCommand(error)) return undefined;
    throw error;
  }
}

export function isDenied(error: unknown): error is BackupError {
  return hasCode(error, 'database-denied');
}

/** Renamed or switched off by `rename-command`, or refused by a managed service. */
export function isUnknownCommand(error: unknown): error is BackupError {
  return hasCode(error, 'database-failed') && /unknown (sub)?command/i.test(error.message);
}

export function inMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
