import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BackupError, type ErrorCode } from '../../core/model/errors.ts';
import type { ApiError } from './api.ts';

/** What a request did wrong, as far as it is about HTTP. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly hint: string | null;
  readonly headers: Record<string, string>;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    { hint = null, headers = {} }: { hint?: string | null; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.headers = headers;
  }
}

export function notFound(what: string, hint: string | null = null): Refusal {
  return new Refusal(404, 'not-found', what, { hint });
}

/** As the verbs say it of one that is not there. */
export function backupNotFound(what: string): Refusal {
  return new Refusal(404, 'backup-not-found', what, { hint: 'GET /api/v1/backups lists those that exist.' });
}

/** @param problems a sentence each */
export function badRequest(problems: string[]): Refusal {
  return new Refusal(400, 'bad-request', problems.join('; '), { hint: 'docs/api.md describes what each route takes.' });
}

export function tooMany(what: string, retryAfterSeconds: number): Refusal {
  return new Refusal(429, 'too-many-requests', what, {
    hint: `Try again in ${retryAfterSeconds} s.`,
    headers: { 'Retry-After': String(retryAfterSeconds) },
  });
}

const STATUS_OF: Record<ErrorCode, ContentfulStatusCode> = {
  internal: 500,
  'invalid-settings': 500,
  'invalid-argument': 400,
  'backup-not-found': 404,
  integrity: 500,
  'unreadable-manifest': 500,
  'lease-held': 409,
  'lease-lost': 409,
  'database-unreachable': 503,
  'database-denied': 503,
  'database-unsuitable': 503,
  'database-busy': 503,
  'database-failed': 503,
  'dump-not-ours': 503,
  'engine-missing': 503,
  'store-invalid-key': 500,
  'store-not-found': 404,
  'store-precondition-failed': 409,
  'store-denied': 503,
  'store-full': 503,
  'store-unavailable': 503,
  'no-room': 503,
  'not-confirmed': 400,
  'restore-unfinished': 409,
  'not-delivered': 502,
  'command-refused': 502,
  'command-failed': 502,
  deadline: 504,
  interrupted: 503,
};

export interface Failed {
  status: ContentfulStatusCode;
  body: ApiError;
  headers: Record<string, string>;
  /** Whether nobody has foreseen it: then the log is to have it, and the answer says nothing of it. */
  isUnforeseen: boolean;
}

export function failedAnswer(error: unknown): Failed {
  if (error instanceof Refusal) {
    const { status, code, message, hint, headers } = error;
    return { status, body: { error: { code, message, hint } }, headers, isUnforeseen: false };
  }
  if (error instanceof BackupError && error.code !== 'internal') {
    const { code, message, hint = null } = error;
    return { status: STATUS_OF[code], body: { error: { code, message, hint } }, headers: {}, isUnforeseen: false };
  }
  const message = 'Something happened here that nobody has foreseen.';
  const hint = 'The log of the service says what; please report it.';
  return { status: 500, body: { error: { code: 'internal', message, hint } }, headers: {}, isUnforeseen: true };
}
