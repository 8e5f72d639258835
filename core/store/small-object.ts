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

export async function readObjectIfPresent(store: ObjectStore, key: string): Promise<SmallObject | undefined> {
  try {
    return await readObject(store, key);
  } catch (error) {
    if (hasCode(error, 'store-not-found')) return undefined;
    throw error;
  }
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** Creates the object; false where the key exists already. */
export async function putIfAbsent(store: ObjectStore, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await store.put(key, bytes, { ifAbsent: true });
    return true;
  } catch (error) {
    if (hasCode(error, 'store-precondition-failed')) return false;
    throw error;
  }
}
