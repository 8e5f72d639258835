import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  PutBucketVersioningCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { inject } from 'vitest';
import type { S3Server } from './server.ts';

const CONCURRENCY = 16;

const provided = inject('s3');

/** Why the tests against S3 cannot run, for `describe.skipIf`. With CI=true the run fails before this is read. */
export const s3Missing: string | undefined = 'missing' in provided ? provided.missing : undefined;

/** @throws where there is no server: see `s3Missing`. */
export function s3Server(): S3Server {
  if ('missing' in provided) throw new Error(provided.missing);
  return provided;
}

/** For the server itself, or for a proxy in front of it, where `config.endpoint` says so. */
export function s3Client(config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3Server();
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    ...config,
  });
}

export interface TestBucket extends AsyncDisposable {
  name: string;
  /** Empties the bucket, of versions and unfinished uploads too, and removes it. */
  remove(): Promise<void>;
}

/** A fresh bucket with a name of its own. */
export async function makeBucket({ versioning = false } = {}): Promise<TestBucket> {
  const name = `test-${randomBytes(8).toString('hex')}`;
  const client = s3Client();
  await client.send(new CreateBucketCommand({ Bucket: name }));
  if (versioning) {
    const enabled = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: enabled }));
  }
  const remove = async () => {
    await emptyBucket(client, name);
    await client.send(new DeleteBucketCommand({ Bucket: name }));
    client.destroy();
  };
  return { name, remove, [Symbol.asyncDispose]: remove };
}

/** Always reads the first page: what it named is gone at the next look. */
async function emptyBucket(client: S3Client, Bucket: string): Promise<void> {
  const limits = { concurrency: CONCURRENCY };
  for (;;) {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    if (Uploads.length === 0) break;
    const abort = ({ Key, UploadId }: (typeof Uploads)[number]) =>
      client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    await pMap(Uploads, abort, limits);
  }
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    const found: ObjectIdentifier[] = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (found.length === 0) break;
    await pMap(found, (object) => client.send(new DeleteObjectCommand({ Bucket, ...object })), limits);
  }
}
