import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { ByteRange, TaggedObjectInfo } from '../object-store.ts';

/** An answer to a GET: the object's own size, and which bytes of it are coming. */
export interface OpenedObject {
  info: TaggedObjectInfo;
  start: number;
  /** Exclusive. */
  end: number;
  body: Readable;
}

export function openedObject(key: string, answer: GetObjectCommandOutput): OpenedObject {
  const { Body, ContentLength = 0, ContentRange, ETag = '', LastModified = new Date(0) } = answer;
  if (!(Body instanceof Readable)) throw new Error(`The S3 client gave no stream for ${key}.`);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '');
  const [start, end, bytes] = range
    ? [Number(range[1]), Number(range[2]) + 1, Number(range[3])]
    : [0, ContentLength, ContentLength];
  return { info: { key, bytes, etag: ETag, modifiedAt: LastModified }, start, end, body: Body };
}

/** HTTP counts its last byte in. */
export function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}
