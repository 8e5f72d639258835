import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { BackupError } from '../model/errors.ts';
import { assertObjectKey } from '../model/object-key.ts';
import { throwIfAborted } from './abort.ts';
import { type Body, chunksOf, releasing } from './body.ts';
import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
  TaggedObjectInfo,
  UnfinishedUpload,
  WrittenObject,
} from './object-store.ts';
import { assertRange } from './range.ts';
import { type OpenedObject, openedObject, rangeHeader } from './s3/opened-object.ts';
import { resumedBody } from './s3/resumed-body.ts';
import { createS3Client, silenceMs } from './s3/s3-client.ts';
import { type Attempt, httpStatus, s3Error } from './s3/s3-errors.ts';
import type { S3Options } from './s3/s3-options.ts';
import type { StreamUpload } from './s3/stream-upload.ts';
import { isListed } from './small-object.ts';

const CONFLICT = 409;
const RANGE_NOT_SATISFIABLE = 416;
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 100;

export interface S3Location {
  bucket: string;
  /** Before every key, without slashes at its ends; empty for none. */
  prefix: string;
}

/** Objects in a bucket of an S3-compatible service, below a prefix. */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #options: S3Options;
  readonly #streamUpload: StreamUpload | undefined;

  /** @param streamUpload needed by a `put` of a stream, and left out by those who put none */
  constructor({ bucket, prefix }: S3Location, options: S3Options, streamUpload?: StreamUpload) {
    this.url = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.#client = createS3Client(options);
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#options = options;
    this.#streamUpload = streamUpload;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<WrittenObject> {
    assertObjectKey(key);
    const { ifAbsent, ifMatch, signal } = options;
    return this.#attempt({ action: 'write', key, signal }, async () => {
      throwIfAborted(signal);
      if (ifAbsent && ifMatch !== undefined) throw contradiction(this.#subject(key));
      const params: PutObjectCommandInput = {
        ...this.#at(key),
        ...this.#attributes(),
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
        ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      };
      return body instanceof Uint8Array
        ? this.#putBytes(key, body, params, signal)
        : this.#putStream(key, body, params, options);
    });
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<StoredObject> {
    assertObjectKey(key);
    const { range, signal } = options;
    return this.#attempt({ action: 'read', key, signal }, async () => {
      throwIfAborted(signal);
      if (range) assertRange(range);
      const first = await this.#open(key, range, signal);
      if (!first) return { info: await this.head(key), body: nothing() };
      const { info, start, end, body } = first;
      const reopen = (offset: number) => this.#reopen(key, info.etag, offset, end, signal);
      const subject = this.#subject(key);
      const chunks = resumedBody({
        first: body,
        start,
        end,
        reopen,
        silenceMs: silenceMs(this.#options),
        subject,
        signal,
      });
      return { info, body: releasing(chunks, () => void body.destroy()) };
    });
  }

  async head(key: string): Promise<TaggedObjectInfo> {
    assertObjectKey(key);
    return this.#attempt({ action: 'read', key }, async () => {
      const {
        ContentLength = 0,
        ETag = '',
        LastModified = new Date(0),
      } = await this.#client.send(new HeadObjectCommand(this.#at(key)));
      return { key, bytes: ContentLength, etag: ETag, modifiedAt: LastModified };
    });
  }

  async *list(prefix: string, { startAfter }: { startAfter?: string } = {}): AsyncIterable<ObjectInfo> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#attempt({ action: 'list', key: prefix }, () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(startAfter === undefined ? {} : { StartAfter: this.#prefix + startAfter }),
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        ),
      );
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
        yield { key: Key.slice(this.#prefix.length), bytes: Size, modifiedAt: LastModified };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#attempt({ action: 'delete', key }, () => this.#client.send(new DeleteObjectCommand(this.#at(key))));
  }

  async *listUploads(prefix: string): AsyncIterable<UnfinishedUpload> {
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await this.#attempt({ action: 'list', key: prefix }, () =>
        this.#client.send(
          new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...markers }),
        ),
      );
      for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
        yield { id: UploadId, key: Key.slice(this.#prefix.length), startedAt: Initiated };
      }
      if (!page.IsTruncated) return;
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  async abortUpload({ id, key }: UnfinishedUpload): Promise<void> {
    if (key === null) throw new Error(`An upload to ${this.url} without a key cannot be aborted.`);
    await this.#attempt({ action: 'delete', key }, async () => {
      try {
        await this.#client.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: id }));
      } catch (error) {
        if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
      }
    });
  }

  async #putBytes(
    key: string,
    bytes: Uint8Array,
    params: PutObjectCommandInput,
    signal?: AbortSignal,
  ): Promise<WrittenObject> {
    const command = new PutObjectCommand({ ...params, Body: bytes });
    for (let attempt = 1; ; attempt++) {
      try {
        const { ETag = '' } = await this.#client.send(command, signal ? { abortSignal: signal } : {});
        return { key, bytes: bytes.length, etag: ETag };
      } catch (error) {
        // Somebody else writes the key at this moment; whether our precondition holds shows when that has ended.
        if (httpStatus(error) !== CONFLICT || attempt === CONFLICT_ATTEMPTS) throw error;
        await delay(CONFLICT_PAUSE_MS * attempt, undefined, signal ? { signal } : {});
      }
    }
  }

  async #putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    params: PutObjectCommandInput,
    { ifAbsent, maxBytes, signal }: PutOptions,
  ): Promise<WrittenObject> {
    if (!this.#streamUpload) throw new Error(`${this.url} was opened without the upload of streams.`);
    // Before any byte is sent; and for services that ignore the precondition when a multipart upload is completed.
    if (ifAbsent && (await isListed(this, key))) throw existing(this.#subject(key));
    const { storageClass } = this.#options;
    const request = {
      ...params,
      ...(storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }),
    };
    return { key, ...(await this.#streamUpload(this.#client, request, chunksOf(body, signal), maxBytes)) };
  }

  /** Undefined where the range lies past the object's end. */
  async #open(
    key: string,
    range: ByteRange | undefined,
    signal: AbortSignal | undefined,
  ): Promise<OpenedObject | undefined> {
    if (range && range.end === range.start) return undefined;
    try {
      const Range = range && rangeHeader(range);
      return openedObject(key, await this.#send(key, { ...(Range === undefined ? {} : { Range }) }, signal));
    } catch (error) {
      if (httpStatus(error) === RANGE_NOT_SATISFIABLE) return undefined;
      throw error;
    }
  }

  async #reopen(
    key: string,
    etag: string,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): Promise<Readable> {
    return this.#attempt({ action: 'read', key, signal }, async () => {
      const answer = await this.#send(key, { Range: rangeHeader({ start, end }), IfMatch: etag }, signal);
      return openedObject(key, answer).body;
    });
  }

  #send(
    key: string,
    input: { Range?: string; IfMatch?: string },
    signal: AbortSignal | undefined,
  ): Promise<GetObjectCommandOutput> {
    return this.#client.send(
      new GetObjectCommand({ ...this.#at(key), ...input }),
      signal ? { abortSignal: signal } : {},
    );
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #attributes(): Partial<PutObjectCommandInput> {
    const { encryption, kmsKeyId, tagging } = this.#options;
    return {
      ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
      ...(tagging === undefined ? {} : { Tagging: tagging }),
    };
  }

  #subject(key: string): string {
    return `"${key}" in ${this.url}`;
  }

  async #attempt<T>(
    { action, key, signal }: { action: Attempt['action']; key: string; signal?: AbortSignal | undefined },
    task: () => Promise<T>,
  ): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw s3Error(error, { action, subject: this.#subject(key), signal });
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

function existing(subject: string): BackupError {
  return new BackupError('store-precondition-failed', `Not written: ${subject} exists already.`, {
    hint: 'Another process wrote it first: read it again before deciding what to do.',
  });
}

function contradiction(subject: string): BackupError {
  return new BackupError('store-precondition-failed', `Not written: ${subject} cannot both exist and not exist.`);
}
