import { hasCode } from '../../core/model/errors.ts';
import type { ObjectStore, StoredObject } from '../../core/store/object-store.ts';

// Apart from the suite, for child processes use them too, and there is no test runner in those.

/** Adds one by compare-and-swap; each failed attempt means that somebody else got further. */
export async function increment(store: ObjectStore, key: string, maxAttempts: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const seen = await store.get(key);
    const next = Number(await textOf(seen)) + 1;
    try {
      await store.put(key, text(String(next)), { ifMatch: seen.info.etag });
      return;
    } catch (error) {
      if (!hasCode(error, 'store-precondition-failed') || attempt === maxAttempts) throw error;
    }
  }
}

export async function textOf(object: StoredObject): Promise<string> {
  return (await bytesOf(object)).toString();
}

export async function bytesOf({ body }: StoredObject): Promise<Buffer> {
  return Buffer.concat(await collect(body));
}

export function text(content: string): Uint8Array {
  return Buffer.from(content);
}

export async function keysOf(store: ObjectStore, prefix = '', startAfter?: string): Promise<string[]> {
  const infos = await collect(store.list(prefix, startAfter === undefined ? {} : { startAfter }));
  return infos.map(({ key }) => key);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
