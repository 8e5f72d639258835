import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type PutObjectCommandInput,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { BackupError, hasCode } from '../model/errors.ts';
import { assertObjectKey } from '../model/object-key.ts';
import { throwIfAborted } from './abort.ts';
import { type Body, chunksOf } from './body.ts';
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
import { Bucket, type S3Location } from './s3/bucket.ts';
import { ConditionalPut } from './s3/conditional-put.ts';
import { download } from './s3/download.ts';
import { quotedEtag } from './s3/etag.ts';
import { listObjects, listUploads } from './s3/listings.ts';
import { attempts, httpStatus } from './s3/s3-errors.ts';
import type { S3Options } from './s3/s3-options.ts';
import type { StreamUpload } from './s3/stream-upload.ts';
import { isListed } from './small-object.ts';

const NOT_FOUND = 404;
const PRECONDITION_FAILED = 412;

/** Objects in a bucket of an S3-compatible service, below a prefix. */
export class S3Store implements ObjectStore {
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #conditionalPut: ConditionalPut;
  readonly #streamUpload: StreamUpload | undefined;

  /** @param streamUpload needed by a `put` of a stream, and left out by those who put none */
  constructor(location: S3Location, options: S3Options, streamUpload?: StreamUpload) {
    this.#bucket = new Bucket(location, options);
    this.url = this.#bucket.url;
    this.#conditionalPut = new ConditionalPut(this.#bucket);
    this.#streamUpload = streamUpload;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<WrittenObject> {
    assertObjectKey(key);
    const { ifAbsent, ifMatch, signal } = options;
    return this.#bucket.attempt({ action: 'write', key, signal }, async () => {
      throwIfAborted(signal);
      if (ifAbsent && ifMatch !== undefined) throw this.#refusal(key, 'cannot both exist and not exist');
      const params = {
        ...this.#bucket.at(key),
        ...this.#attributes(),
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
        ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      };
      if (!(body instanceof Uint8Array)) return this.#putStream(key, body, params, options);
      return this.#conditionalPut.put(key, { ...params, Body: body }, signal, () => this.#etagOf(key));
    });
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<StoredObject> {
    assertObjectKey(key);
    const { range, signal } = options;
    if (range) assertRange(range);
    return this.#bucket.attempt({ action: 'read', key, signal }, async () => {
      throwIfAborted(signal);
      const found = await download(this.#bucket, key, range, signal);
      return found ?? { info: await this.head(key), body: nothing() };
    });
  }

  async head(key: string): Promise<TaggedObjectInfo> {
    assertObjectKey(key);
    return this.#bucket.attempt({ action: 'read', key }, async () => {
      const command = new HeadObjectCommand(this.#bucket.at(key));
      const { ContentLength = 0, ETag, LastModified = new Date(0) } = await this.#bucket.client.send(command);
      return { key, bytes: ContentLength, etag: quotedEtag(ETag), modifiedAt: LastModified };
    });
  }

  list(prefix: string, { startAfter }: { startAfter?: string } = {}): AsyncIterable<ObjectInfo> {
    return listObjects(this.#bucket, prefix, startAfter);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#bucket.attempt({ action: 'delete', key }, () =>
      this.#bucket.client.send(new DeleteObjectCommand(this.#bucket.at(key))),
    );
  }

  listUploads(prefix: string): AsyncIterable<UnfinishedUpload> {
    return listUploads(this.#bucket, prefix);
  }

  async abortUpload({ id, key }: UnfinishedUpload): Promise<void> {
    if (key === null) throw new Error(`An upload to ${this.url} without a key cannot be aborted.`);
    await this.#bucket.attempt({ action: 'delete', key }, async () => {
      try {
        await this.#bucket.client.send(new AbortMultipartUploadCommand({ ...this.#bucket.at(key), UploadId: id }));
      } catch (error) {
        if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
      }
    });
  }

  async #putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    params: PutObjectCommandInput,
    { ifAbsent, maxBytes, signal }: PutOptions,
  ): Promise<WrittenObject> {
    if (!this.#streamUpload) throw new Error(`${this.url} was opened without the upload of streams.`);
    // Before any byte is sent; and for services that ignore the precondition when a multipart upload is completed.
    if (ifAbsent && (await isListed(this, key))) throw this.#refusal(key, 'exists already');
    const { storageClass } = this.#bucket.options;
    const request = { ...params, ...(storageClass ? { StorageClass: storageClass as StorageClass } : {}) };
    const sent = { bytes: 0 };
    try {
      const { etag } = await this.#streamUpload(
        this.#bucket.client,
        request,
        counted(chunksOf(body, signal), sent),
        maxBytes,
      );
      // Ceph 16 gives none at the end of a multipart upload.
      return { key, bytes: sent.bytes, etag: etag ?? (await this.head(key)).etag };
    } catch (error) {
      // The answer to the last step was lost, and its repetition refused: by our own object. Nothing was there before.
      const isRefused = [PRECONDITION_FAILED, NOT_FOUND].includes(httpStatus(error) ?? 0) && attempts(error) > 1;
      const found = ifAbsent && isRefused ? await this.#findOwn(key, sent.bytes) : undefined;
      if (found) return found;
      throw error;
    }
  }

  async #findOwn(key: string, bytes: number): Promise<WrittenObject | undefined> {
    if (!(await isListed(this, key))) return undefined;
    const found = await this.head(key);
    return found.bytes === bytes ? { key, bytes, etag: found.etag } : undefined;
  }

  async #etagOf(key: string): Promise<string | undefined> {
    try {
      return (await this.head(key)).etag;
    } catch (error) {
      if (hasCode(error, 'store-not-found')) return undefined;
      throw error;
    }
  }

  #attributes(): Partial<PutObjectCommandInput> {
    const { encryption, kmsKeyId, tagging } = this.#bucket.options;
    return {
      ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
      ...(tagging === undefined ? {} : { Tagging: tagging }),
    };
  }

  #refusal(key: string, why: string): BackupError {
    return new BackupError('store-precondition-failed', `Not written: ${this.#bucket.subject(key)} ${why}.`, {
      hint: 'Another process wrote it first: read it again before deciding what to do.',
    });
  }
}

async function* counted(body: AsyncIterable<Uint8Array>, sent: { bytes: number }): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    sent.bytes += chunk.length;
    yield chunk;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {}
