import { BackupError } from '../../core/model/errors.ts';
import type { ObjectStore, TaggedObjectInfo, WrittenObject } from '../../core/store/object-store.ts';
import { type Compression, compress } from './codec.ts';
import { Digest, observe } from './observe.ts';
import { type RdbFacts, RdbInspector } from './rdb-inspector.ts';

export interface StoreDumpRequest {
  store: ObjectStore;
  key: string;
  compression: Compression;
  dump: AsyncIterable<Uint8Array>;
  /** What the dump is called in error messages. */
  dumpName: string;
  /** An upper bound of the dump's size. */
  maxBytes: number;
  /** The dump's size, where anything but its end tells: what ends earlier is not whole, whatever it ends with. */
  sizeBytes: Promise<number | undefined>;
  onProgress: (plainBytes: number) => void;
  signal: AbortSignal;
}

export interface StoredDump {
  rdb: RdbFacts;
  stored: { key: string; bytes: number; sha256: string };
}

/**
 * One pass over the dump: RDB checks and digest of the plain bytes, compression, digest of the stored bytes, upload.
 * Nothing is left under the key where any of it fails, but for an object that is not what was sent.
 * @throws integrity where the dump is not whole, store-*
 */
export async function storeDump(request: StoreDumpRequest): Promise<StoredDump> {
  const { store, key, signal } = request;
  const inspector = await RdbInspector.create(request.dumpName);
  const digest = new Digest();
  let rdb: RdbFacts | undefined;

  async function* checked(): AsyncIterable<Uint8Array> {
    for await (const chunk of request.dump) {
      inspector.update(chunk);
      request.onProgress(inspector.bytes);
      yield chunk;
    }
    // Inside the stream, so that a dump that is not whole makes the upload fail.
    rdb = inspector.end(await request.sizeBytes);
  }

  const body = observe(compress(checked(), request.compression), (chunk) => digest.update(chunk));
  const put = await store.put(key, body, { ifAbsent: true, signal, maxBytes: request.maxBytes });
  const stored = { key, ...digest.end() };
  if (!rdb) throw new Error(`${store.url} took ${key} without reading it to its end.`);
  assertStoredWhole(store, stored, put, await store.head(key));
  return { rdb, stored };
}

function assertStoredWhole(
  store: ObjectStore,
  sent: StoredDump['stored'],
  put: WrittenObject,
  head: TaggedObjectInfo,
): void {
  if (head.bytes === sent.bytes && head.etag === put.etag) return;
  throw new BackupError('integrity', `${sent.key} in ${store.url} is not what was sent (${sent.bytes} bytes).`, {
    hint: 'Something else writes to this store, or it loses data. Nothing was committed; run "falkordb-backup doctor".',
    retryable: true,
  });
}
