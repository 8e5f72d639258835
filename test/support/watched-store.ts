import type { ObjectStore } from '../../core/store/object-store.ts';

/** @param before is awaited ahead of each call: `put`, `get` and so on, with the key or prefix */
export function watched(inner: ObjectStore, before: (call: string, key: string) => Promise<void>): ObjectStore {
  return {
    url: inner.url,
    put: (key, ...rest) => before('put', key).then(() => inner.put(key, ...rest)),
    get: (key, ...rest) => before('get', key).then(() => inner.get(key, ...rest)),
    head: (key) => before('head', key).then(() => inner.head(key)),
    delete: (key) => before('delete', key).then(() => inner.delete(key)),
    abortUpload: (upload) => inner.abortUpload(upload),
    async *list(prefix, ...rest) {
      await before('list', prefix);
      yield* inner.list(prefix, ...rest);
    },
    listUploads: (prefix) => inner.listUploads(prefix),
  };
}
