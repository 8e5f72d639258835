import { BackupError, hasCode } from '../model/errors.ts';
import type { ObjectStore, TaggedObjectInfo } from './object-store.ts';

/** Manifests of ten thousand graphs are a few MiB; what is larger than this is not one of ours. */
const MAX_BYTES = 64 * 1024 * 1024;

export interface SmallObject {
  info: TaggedObjectInfo;
  bytes: Uint8Array;
}

/** Reads a whole object into memory. @throws store-not-found, integrity where it is too large to be meant for that */
export async function readObject(store: ObjectStore, key: string): Promise<SmallObject> {
  const { info, body } = await store.get(key);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new BackupError('integrity', `${key} in ${store.url} is larger than ${MAX_BYTES} bytes.`, {
        hint: 'Records and manifests are never that large: something else was written under this key.',
      });
    }
    chunks.push(chunk);
  }
  return { info, bytes: Buffer.concat(chunks) };
}

/** S3 denies, rather than misses, what does not exist to those who may only list some prefixes: then listing tells. */
export async function readObjectIfPresent(store: ObjectStore, key: string): Promise<SmallObject | undefined> {
  try {
    return await readObject(store, key);
  } catch (error) {
    if (await isMissing(store, key, error)) return undefined;
    if (!hasCode(error, 'store-denied')) throw error;
    // It may have been written after it was read, and before it was listed.
    return readObject(store, key);
  }
}

/** Whether reading the key failed because it does not exist. */
export async function isMissing(store: ObjectStore, key: string, error: unknown): Promise<boolean> {
  if (hasCode(error, 'store-not-found')) return true;
  return hasCode(error, 'store-denied') && !(await isListed(store, key));
}

/** Whether the key exists, asked in the way that works with the fewest rights. */
export async function isListed(store: ObjectStore, key: string): Promise<boolean> {
  return (await listedBytes(store, key)) !== null;
}

/** How large it is, asked in the same way; null where there is none. */
export async function listedBytes(store: ObjectStore, key: string): Promise<number | null> {
  for await (const found of store.list(key)) return found.key === key ? found.bytes : null;
  return null;
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Creates the object; false where the key holds something else already. The very same bytes count as created: a write
 * whose answer was lost is refused when it is sent again.
 */
export async function putIfAbsent(store: ObjectStore, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await store.put(key, bytes, { ifAbsent: true });
    return true;
  } catch (error) {
    if (!hasCode(error, 'store-precondition-failed')) throw error;
  }
  const existing = await readObjectIfPresent(store, key);
  return existing !== undefined && Buffer.from(bytes).equals(existing.bytes);
}
