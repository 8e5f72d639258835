import { BackupError, type ErrorCode, systemErrorCode } from '../../model/errors.ts';
import { abortError } from '../abort.ts';
import { BodyFailure } from '../body.ts';

export interface Attempt {
  action: 'read' | 'write' | 'list' | 'delete';
  /** For messages: `manual/…/dump.rdb.zst in s3://bucket`. */
  subject: string;
  signal?: AbortSignal | undefined;
}

interface Meaning {
  code: ErrorCode;
  hint: string;
  retryable?: boolean;
}

const DENIED: Meaning = {
  code: 'store-denied',
  hint: 'Check the credentials, and the policy that docs/s3.md gives for this command.',
};
const FULL: Meaning = {
  code: 'store-full',
  hint: 'Raise the quota of the bucket or its owner, or shorten the retention.',
};
const ABSENT: Meaning = { code: 'store-not-found', hint: 'List the backups that exist.' };
const CHANGED: Meaning = {
  code: 'store-precondition-failed',
  hint: 'Another process wrote it first: read it again before deciding what to do.',
};
const WRONG_PLACE: Meaning = {
  code: 'store-unavailable',
  hint: 'Check the bucket in BACKUP_STORE, and S3_REGION, S3_ENDPOINT and S3_FORCE_PATH_STYLE.',
};
const LACKING: Meaning = {
  code: 'store-unavailable',
  hint: 'This service lacks something that backups rest on; docs/s3.md says what each service can.',
};
const UNAVAILABLE: Meaning = {
  code: 'store-unavailable',
  hint: 'The service or the network failed; check S3_ENDPOINT, and try again later.',
  retryable: true,
};

const WRONG_CLOCK: Meaning = {
  code: 'store-denied',
  hint: 'The clocks of this host and of the service are too far apart: run NTP on this host.',
};
// By error code first, because one status means several things.
const BY_NAME = new Map<string, Meaning>([
  ['NoSuchBucket', WRONG_PLACE],
  ['PermanentRedirect', WRONG_PLACE],
  ['AuthorizationHeaderMalformed', WRONG_PLACE],
  ['CredentialsProviderError', DENIED],
  ['ExpiredToken', DENIED],
  ['InvalidToken', DENIED],
  ['RequestTimeTooSkewed', WRONG_CLOCK],
  ['NoSuchUpload', UNAVAILABLE],
  ['QuotaExceeded', FULL],
  ['InsufficientCapacity', FULL],
]);
const BY_STATUS = new Map<number, Meaning>([
  [301, WRONG_PLACE],
  [401, DENIED],
  [403, DENIED],
  [404, ABSENT],
  [412, CHANGED],
  [501, LACKING],
  [507, FULL],
]);

/** What a store throws in place of an SDK error; errors of ours (of a body) pass unchanged. */
export function s3Error(error: unknown, { action, subject, signal }: Attempt): unknown {
  if (error instanceof BodyFailure) return error.cause;
  if (signal?.aborted) return abortError(signal);
  if (error instanceof BackupError || !isOfService(error)) return error;
  const status = httpStatus(error);
  // A write under If-Match to a key that does not exist is answered with 404.
  const absent = action === 'write' && status === 404 && error.name === 'NoSuchKey' ? CHANGED : undefined;
  const isOfSetUp = /Region is missing/.test(error.message) ? WRONG_PLACE : undefined;
  const meaning = absent ?? isOfSetUp ?? BY_NAME.get(error.name) ?? BY_STATUS.get(status ?? 0) ?? UNAVAILABLE;
  const detail = status === undefined ? (systemErrorCode(error) ?? error.message) : `${error.name}, HTTP ${status}`;
  return new BackupError(meaning.code, `Cannot ${action} ${subject}: ${detail}.`, {
    hint: meaning.hint,
    retryable: meaning.retryable ?? false,
    cause: error,
  });
}

export function httpStatus(error: unknown): number | undefined {
  return metadataNumber(error, 'httpStatusCode');
}

/** How often the SDK sent the request before it gave up with this error. */
export function attempts(error: unknown): number {
  return metadataNumber(error, 'attempts') ?? 1;
}

function metadataNumber(error: unknown, name: string): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const value = metadata instanceof Object ? Object.entries(metadata).find(([key]) => key === name)?.[1] : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** An answer of the service, or a failure of the network or of the SDK's search for region and credentials. */
function isOfService(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const isAnswer = '$metadata' in error || '$fault' in error;
  const isOfNetwork = systemErrorCode(error) !== undefined || error.name === 'TimeoutError';
  const isOfSetUp = error.name === 'CredentialsProviderError' || /Region is missing/.test(error.message);
  return isAnswer || isOfNetwork || isOfSetUp;
}
