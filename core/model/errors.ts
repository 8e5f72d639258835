/** Documented in docs/cli.md; scripts branch on these numbers, so a number never changes its meaning. */
export const EXIT_CODES = {
  success: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  integrity: 4,
  lease: 5,
  database: 6,
  store: 7,
  deadline: 8,
  findings: 9,
  unfinishedRestore: 10,
  notDelivered: 11,
  unreachableHost: 12,
  interrupted: 130,
} as const;

const EXIT_CODE_OF = {
  internal: EXIT_CODES.internal,
  'invalid-settings': EXIT_CODES.usage,
  'invalid-argument': EXIT_CODES.usage,
  'backup-not-found': EXIT_CODES.notFound,
  integrity: EXIT_CODES.integrity,
  'unreadable-manifest': EXIT_CODES.integrity,
  'lease-held': EXIT_CODES.lease,
  'lease-lost': EXIT_CODES.lease,
  'database-unreachable': EXIT_CODES.database,
  'database-denied': EXIT_CODES.database,
  'database-unsuitable': EXIT_CODES.database,
  'database-busy': EXIT_CODES.database,
  'database-failed': EXIT_CODES.database,
  'dump-not-ours': EXIT_CODES.database,
  'engine-missing': EXIT_CODES.database,
  'store-invalid-key': EXIT_CODES.store,
  'store-not-found': EXIT_CODES.store,
  'store-precondition-failed': EXIT_CODES.store,
  'store-denied': EXIT_CODES.store,
  'store-full': EXIT_CODES.store,
  'store-unavailable': EXIT_CODES.store,
  /** Too little memory or disk, on the server or here. */
  'no-room': EXIT_CODES.database,
  'not-confirmed': EXIT_CODES.usage,
  'restore-unfinished': EXIT_CODES.unfinishedRestore,
  /** A notice. */
  'not-delivered': EXIT_CODES.notDelivered,
  /** No host took the command that carries a request to its agent. */
  'command-refused': EXIT_CODES.unreachableHost,
  /** The command that carried a request ended without the agent's own verdict. */
  'command-failed': EXIT_CODES.unreachableHost,
  deadline: EXIT_CODES.deadline,
  interrupted: EXIT_CODES.interrupted,
} as const;

export type ErrorCode = keyof typeof EXIT_CODE_OF;

export interface ErrorDetails {
  /** What the operator can do about it, as one sentence. */
  hint?: string;
  /** True where the same call may succeed later without anything being changed. */
  retryable?: boolean;
  cause?: unknown;
}

/** The one error type that reaches people: `message` says what happened and to what, `hint` what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.retryable = details.retryable ?? false;
  }

  get exitCode(): number {
    return EXIT_CODE_OF[this.code];
  }
}

export function hasCode(error: unknown, code: ErrorCode): error is BackupError {
  return error instanceof BackupError && error.code === code;
}

export function toBackupError(error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BackupError('internal', message, { cause: error });
}

/** The `code` of a system error (`ENOSPC`, `ECONNREFUSED`, ...), if it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
