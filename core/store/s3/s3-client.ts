import { S3Client } from '@aws-sdk/client-s3';
import type { S3Options } from './s3-options.ts';

const DEFAULT_TIMEOUT_SECONDS = 60;
const CONNECT_TIMEOUT_MS = 10_000;
/** With the SDK's own back-off some 10 s pass before an overloaded or restarting service is given up. */
const MAX_ATTEMPTS = 6;

export function silenceMs({ timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: S3Options): number {
  return timeoutSeconds * 1000;
}

export function createS3Client(options: S3Options): S3Client {
  const checksums = options.checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const client = new S3Client({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    forcePathStyle: options.forcePathStyle ?? false,
    requestChecksumCalculation: checksums,
    // What is read is checked against our own SHA-256; composite checksums of multipart objects would not be anyway.
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: silenceMs(options) },
  });
  client.middlewareStack.add(
    (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        throw markDamagedInTransit(error);
      }
    },
    // Within the SDK's retries.
    { step: 'finalizeRequest', priority: 'low', name: 'retryDamagedBodies' },
  );
  return client;
}

/** Answers that say that a body arrived other than it was sent: HTTP 400, which the SDK does not try again by itself. */
const DAMAGED_IN_TRANSIT = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);

function markDamagedInTransit(error: unknown): unknown {
  if (!(error instanceof Error) || !DAMAGED_IN_TRANSIT.has(error.name)) return error;
  return Object.assign(error, { $retryable: { throttling: false } });
}
