import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

const MAX_DETAIL_CHARS = 400;

/** By the name that the service gives its error. */
const HINTS = new Map<string, string>([
  ['AccessDeniedException', 'The role of the function lacks this right: deploy the stack again ("cdk deploy").'],
  [
    'InvalidInstanceId',
    'The instance is stopped, or not managed by Systems Manager (any more): look at its SSM agent and its role.',
  ],
  ['UnsupportedPlatformType', 'The document runs on Linux only: take the tag off this instance.'],
  ['InvalidDocument', 'The document is not there, in this region: deploy the stack again ("cdk deploy").'],
  ['InvalidDocumentVersion', 'The document is not there, in this region: deploy the stack again ("cdk deploy").'],
  ['InvalidParameters', 'Functions and document are not of one version: deploy the stack again ("cdk deploy").'],
]);
const OTHER_HINT = 'See what Systems Manager says of it in CloudTrail.';
const LATER_HINT = 'Systems Manager was busy or away; try again later.';
const THROTTLED = /throttl|too ?many ?requests|rate ?exceeded|request ?limit/i;

/**
 * What the port throws in place of an error of the SDK.
 * @param action for the message: `send a command to i-0abc`
 */
export function ssmError(error: unknown, action: string): unknown {
  if (error instanceof BackupError || !(error instanceof Error) || !isOfService(error)) return error;
  const retryable = isPassing(error);
  const detail = `${error.name}, ${error.message}`.slice(0, MAX_DETAIL_CHARS).replace(/\.?$/, '.');
  return new BackupError('command-refused', `Cannot ${action}: ${detail}`, {
    hint: retryable ? LATER_HINT : (HINTS.get(error.name) ?? OTHER_HINT),
    retryable,
    cause: error,
  });
}

/** Of a call that was given up because it took too long. */
export function noAnswer(cause: unknown, action: string): BackupError {
  return new BackupError('command-refused', `Cannot ${action}: there was no answer in time.`, {
    hint: LATER_HINT,
    retryable: true,
    cause,
  });
}

function isPassing(error: Error): boolean {
  const status = httpStatus(error);
  if (THROTTLED.test(error.name) || status === 429 || (status ?? 0) >= 500) return true;
  return status === undefined && isOfNetwork(error);
}

/** An answer of the service, or a failure of the network or of the SDK's search for region and credentials. */
function isOfService(error: Error): boolean {
  const isOfSetUp = error.name === 'CredentialsProviderError' || /Region is missing/.test(error.message);
  return '$metadata' in error || '$fault' in error || isOfNetwork(error) || isOfSetUp;
}

function isOfNetwork(error: Error): boolean {
  return systemErrorCode(error) !== undefined || error.name === 'TimeoutError';
}

function httpStatus(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const status = metadata instanceof Object && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
