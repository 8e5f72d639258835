import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { releasing } from '../body.ts';
import type { ByteRange, StoredObject, TaggedObjectInfo } from '../object-store.ts';
import type { Bucket } from './bucket.ts';
import { quotedEtag } from './etag.ts';
import { resumedBody } from './resumed-body.ts';
import { silenceMs } from './s3-client.ts';
import { httpStatus } from './s3-errors.ts';

const RANGE_NOT_SATISFIABLE = 416;

/** An answer to a GET: the object's own size, and which bytes of it are coming. */
interface Answer {
  info: TaggedObjectInfo;
  start: number;
  /** Exclusive. */
  end: number;
  body: Readable;
}

/** Undefined where the range holds none of the object's bytes. @throws what the SDK throws */
export async function download(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  if (range && range.end === range.start) return undefined;
  const first = await ask(bucket, key, range ? { Range: rangeHeader(range) } : {}, signal).catch((error: unknown) => {
    if (httpStatus(error) === RANGE_NOT_SATISFIABLE) return undefined;
    throw error;
  });
  if (!first) return undefined;
  const { info, start, end, body } = first;
  const reopen = (offset: number) =>
    bucket.attempt({ action: 'read', key, signal }, async () => {
      // Of another object, which took its place meanwhile, not a byte must come.
      const input = { Range: rangeHeader({ start: offset, end }), IfMatch: info.etag };
      return (await ask(bucket, key, input, signal)).body;
    });
  const limits = { silenceMs: silenceMs(bucket.options), subject: bucket.subject(key), signal };
  const chunks = resumedBody({ first: body, start, end, reopen, ...limits });
  return { info, body: releasing(chunks, () => void body.destroy()) };
}

async function ask(
  bucket: Bucket,
  key: string,
  input: { Range?: string; IfMatch?: string },
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const command = new GetObjectCommand({ ...bucket.at(key), ...input });
  return answerOf(key, await bucket.client.send(command, signal ? { abortSignal: signal } : {}));
}

function answerOf(key: string, output: GetObjectCommandOutput): Answer {
  const { Body, ContentLength = 0, ContentRange, ETag, LastModified = new Date(0) } = output;
  if (!(Body instanceof Readable)) throw new Error(`The S3 client gave no stream for ${key}.`);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '');
  const [start, end, bytes] = range
    ? [Number(range[1]), Number(range[2]) + 1, Number(range[3])]
    : [0, ContentLength, ContentLength];
  return { info: { key, bytes, etag: quotedEtag(ETag), modifiedAt: LastModified }, start, end, body: Body };
}

/** HTTP counts its last byte in. */
function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}
