/*
 * Uploads a file as a stream of unknown length: upload.ts <file> <bucket> <key> <MiB of a part> <parts at once>, with
 * S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY.
 */
import { createReadStream } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const [path = '', Bucket = '', Key = '', mebibytes = '8', parallel = '4'] = process.argv.slice(2);
const { S3_ENDPOINT = '', S3_REGION = '', S3_ACCESS_KEY = '', S3_SECRET_KEY = '' } = process.env;
const client = new S3Client({
  endpoint: S3_ENDPOINT,
  region: S3_REGION,
  credentials: { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY },
  forcePathStyle: true,
});
await new Upload({
  client,
  params: { Bucket, Key, Body: createReadStream(path, { highWaterMark: 256 * 1024 }) },
  partSize: Number(mebibytes) * 1024 * 1024,
  queueSize: Number(parallel),
}).done();
