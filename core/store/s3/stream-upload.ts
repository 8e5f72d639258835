import { Readable } from 'node:stream';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { quotedEtag } from './etag.ts';
import { planParts } from './parts.ts';

/** Where the caller knows no bound: what fits into the smallest parts. */
const UNKNOWN_MAX_BYTES = 64 * 1024 ** 3;

export type StreamUpload = typeof streamUpload;

/**
 * Uploads a stream in parts of equal size, in bounded memory. In a file of its own, so that what only reads and writes
 * small objects (a Lambda) does not carry it. Where the body throws, that error comes out, and the parts are dropped
 * before it does: which is why an abort is the body's to notice, and not the SDK's, which would not wait.
 */
export async function streamUpload(
  client: S3Client,
  params: Omit<PutObjectCommandInput, 'Body'>,
  body: AsyncIterable<Uint8Array>,
  maxBytes = UNKNOWN_MAX_BYTES,
): Promise<{ etag: string | undefined }> {
  const { partBytes, parallel } = planParts(maxBytes);
  const upload = new Upload({
    client,
    params: { ...params, Body: Readable.from(body, { objectMode: false }) },
    partSize: partBytes,
    queueSize: parallel,
  });
  const { ETag } = await upload.done();
  return { etag: ETag ? quotedEtag(ETag) : undefined };
}
