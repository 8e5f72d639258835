import type { S3Options } from '../../../core/store/s3/s3-options.ts';
import { streamUpload } from '../../../core/store/s3/stream-upload.ts';
import { S3Store } from '../../../core/store/s3-store.ts';
import { s3Server } from './bucket.ts';

/** Long enough for a machine that is busy with other tests, short enough to wait for. */
const TIMEOUT_SECONDS = 5;
export const PREFIX = 'backups/falkordb';

export function s3Options(options: S3Options = {}): S3Options {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3Server();
  const credentials = { accessKeyId, secretAccessKey };
  return { endpoint, region, credentials, forcePathStyle: true, timeoutSeconds: TIMEOUT_SECONDS, ...options };
}

/** A store in the bucket; through a proxy where `options.endpoint` says so. */
export function openS3Store(bucket: string, options: S3Options = {}, prefix = PREFIX): S3Store {
  return new S3Store({ bucket, prefix }, s3Options(options), streamUpload);
}

/** The same for the agent's environment. */
export function s3Settings(bucket: string): Record<string, string> {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3Server();
  return {
    BACKUP_STORE: `s3://${bucket}/${PREFIX}`,
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_ACCESS_KEY: accessKeyId,
    S3_SECRET_KEY: secretAccessKey,
  };
}
