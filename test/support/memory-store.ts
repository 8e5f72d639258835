import { randomUUID } from 'node:crypto';
import { BackupError } from '../../core/model/errors.ts';
import { assertObjectKey } from '../../core/model/object-key.ts';
import { abortError, throwIfAborted } from '../../core/store/abort.ts';
import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
  TaggedObjectInfo,
  UnfinishedUpload,
} from '../../core/store/object-store.ts';

const CHUNK_BYTES = 64 * 1024;

interface Kept {
  info: TaggedObjectInfo;
  content: Buffer;
}

/** A store in memory, held to the same conformance suite as the real ones. */
export class MemoryStore implements ObjectStore {
  readonly url = 'memory://test';
  /** Every call, as `get daily/a/manifest.json`. */
  readonly calls: string[] = [];
  /** Bodies that were handed out and neither read to their end nor returned. */
  openBodies = 0;
  readonly #objects: Map<string, Kept>;
  readonly #uploads: Map<string, UnfinishedUpload>;
  /** By which it stamps what is written. */
  now = () => new Date();

  constructor(objects = new Map<string, Kept>(), uploads = new Map<string, UnfinishedUpload>()) {
    this.#objects = objects;
    this.#uploads = uploads;
  }

  /** Another handle on the same objects. */
  another(): MemoryStore {
    return new MemoryStore(this.#objects, this.#uploads);
  }

  /** For damage: what lies under `key` is another content from now on, whatever a manifest says of it. */
  overwrite(key: string, content: Uint8Array, modifiedAt?: Date): void {
    this.#objects.set(key, keep(key, Buffer.from(content), modifiedAt));
  }

  /** What a process leaves behind that was killed in the middle of a put. */
  leaveUpload(key: string, startedAt = new Date()): void {
    const id = randomUUID();
    this.#uploads.set(id, { id, key, startedAt });
  }

  content(key: string): Buffer | undefined {
    return this.#objects.get(key)?.content;
  }

  get keys(): string[] {
    return [...this.#objects.keys()].sort();
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    { ifAbsent, ifMatch, signal }: PutOptions = {},
  ): Promise<TaggedObjectInfo> {
    this.#note('put', key);
    const content = await readBody(body, signal);
    throwIfAborted(signal);
    const current = this.#objects.get(key);
    if ((ifAbsent && current) || (ifMatch !== undefined && current?.info.etag !== ifMatch)) {
      throw new BackupError('store-precondition-failed', `Not written: ${key} in ${this.url}.`);
    }
    const kept = keep(key, content, this.now());
    this.#objects.set(key, kept);
    return kept.info;
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<StoredObject> {
    this.#note('get', key);
    throwIfAborted(options.signal);
    const { info, content } = this.#find(key);
    const { start = 0, end = content.length } = options.range ?? {};
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      throw new BackupError('internal', `Not a range of bytes: ${start} to ${end}.`);
    }
    return { info, body: this.#body(content.subarray(start, end), options.signal) };
  }

  async head(key: string): Promise<TaggedObjectInfo> {
    this.#note('head', key);
    return this.#find(key).info;
  }

  async *list(prefix: string, { startAfter = '' }: { startAfter?: string } = {}): AsyncIterable<ObjectInfo> {
    this.calls.push(`list ${prefix}`);
    const wanted = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > startAfter);
    for (const key of wanted.sort()) {
      const kept = this.#objects.get(key);
      if (!kept) continue;
      const { bytes, modifiedAt } = kept.info;
      yield { key, bytes, modifiedAt };
    }
  }

  async delete(key: string): Promise<void> {
    this.#note('delete', key);
    this.#objects.delete(key);
  }

  /** Only those of `leaveUpload`: what a put of ours has not ended is nowhere. */
  async *listUploads(prefix: string): AsyncIterable<UnfinishedUpload> {
    this.calls.push(`listUploads ${prefix}`);
    for (const upload of this.#uploads.values()) if (upload.key?.startsWith(prefix)) yield upload;
  }

  async abortUpload({ id, key }: UnfinishedUpload): Promise<void> {
    this.calls.push(`abortUpload ${key}`);
    this.#uploads.delete(id);
  }

  #note(method: string, key: string): void {
    assertObjectKey(key);
    this.calls.push(`${method} ${key}`);
  }

  #find(key: string): Kept {
    const kept = this.#objects.get(key);
    if (kept) return kept;
    throw new BackupError('store-not-found', `Cannot read ${key} in ${this.url}: it does not exist.`);
  }

  #body(content: Buffer, signal: AbortSignal | undefined): AsyncIterableIterator<Uint8Array> {
    let position = 0;
    let isOpen = true;
    this.openBodies += 1;
    const end = () => {
      if (isOpen) this.openBodies -= 1;
      isOpen = false;
      return { done: true as const, value: undefined };
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        if (signal?.aborted) {
          end();
          throw abortError(signal);
        }
        if (!isOpen || position >= content.length) return end();
        const value = content.subarray(position, position + CHUNK_BYTES);
        position += value.length;
        return { done: false, value };
      },
      return: async () => end(),
    };
  }
}

function keep(key: string, content: Buffer, modifiedAt = new Date()): Kept {
  return { content, info: { key, bytes: content.length, modifiedAt, etag: randomUUID() } };
}

async function readBody(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Buffer<ArrayBuffer>> {
  throwIfAborted(signal);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const source = body[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  try {
    for (;;) {
      const next = await orAbort(source.next(), signal);
      if (next.done) return Buffer.concat(chunks);
      chunks.push(Buffer.from(next.value));
    }
  } catch (error) {
    // Not awaited: a stuck source never answers.
    Promise.resolve(source.return?.()).catch(() => {});
    throw error;
  }
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
