import { BackupError } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { isMissing } from '../../core/store/small-object.ts';
import { decompress } from './codec.ts';
import { Digest, observe } from './observe.ts';
import { RdbInspector } from './rdb-inspector.ts';

/**
 * The plain bytes of a backup. It ends only after every check has passed (sizes and digests of the stored and of the
 * plain bytes, RDB header, CRC64): a consumer that must not act on bad bytes holds its last step back until then.
 * @param onProgress is told the stored bytes read so far, of `manifest.stored.bytes`
 * @throws integrity, naming the object and the check; store-*
 */
export async function* readDump(
  store: ObjectStore,
  manifest: Manifest,
  { onProgress, signal }: { onProgress: (storedBytes: number) => void; signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { stored, rdb } = manifest;
  const { info, body } = await open(store, manifest, signal);
  if (info.bytes !== stored.bytes) await body[Symbol.asyncIterator]().return?.();
  expectEqual(stored.key, 'stored size', info.bytes, stored.bytes);
  const digest = new Digest();
  const inspector = await RdbInspector.create(stored.key);
  let storedBytes = 0;
  const counted = observe(body, (chunk) => {
    digest.update(chunk);
    storedBytes += chunk.length;
    onProgress(storedBytes);
  });
  for await (const chunk of decompress(counted, stored.compression, stored.key)) {
    inspector.update(chunk);
    yield chunk;
  }
  expectEqual(stored.key, 'SHA-256 of the stored bytes', digest.end().sha256, stored.sha256);
  const facts = inspector.end();
  expectEqual(stored.key, 'plain size', facts.bytes, rdb.bytes);
  expectEqual(stored.key, 'SHA-256 of the plain bytes', facts.sha256, rdb.sha256);
}

async function open(store: ObjectStore, manifest: Manifest, signal: AbortSignal) {
  try {
    return await store.get(manifest.stored.key, { signal });
  } catch (error) {
    if (!(await isMissing(store, manifest.stored.key, error))) throw error;
    throw new BackupError('integrity', `${manifest.stored.key} is missing, though its manifest exists.`, {
      hint: 'Something other than this tool deleted it. Bring it back from a copy of the store, or use another backup.',
      cause: error,
    });
  }
}

function expectEqual(key: string, check: string, actual: string | number, expected: string | number): void {
  if (actual === expected) return;
  throw new BackupError('integrity', `${key} is damaged: ${check} is ${actual}, the manifest says ${expected}.`, {
    hint: 'The stored bytes changed after they were written. Use another backup, and look for damage in the store.',
  });
}
