import type { ObjectStore } from '../../core/store/object-store.ts';

export interface PausableStore {
  store: ObjectStore;
  /** Fulfilled when the call that is to wait has been made. */
  reached: Promise<void>;
  resume(): void;
  /** How many calls there were. */
  calls(): number;
}

/** A store whose caller falls asleep just before its `pauseAt`th call, as a process that is stopped does. */
export function pausable(inner: ObjectStore, pauseAt: number): PausableStore {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let calls = 0;
  const turn = async () => {
    calls += 1;
    if (calls === pauseAt) reached.resolve();
    // Everything after it waits too: a stopped process does nothing at all.
    if (calls >= pauseAt) await resumed.promise;
  };
  return {
    store: {
      url: inner.url,
      put: (...args) => turn().then(() => inner.put(...args)),
      get: (...args) => turn().then(() => inner.get(...args)),
      head: (...args) => turn().then(() => inner.head(...args)),
      delete: (...args) => turn().then(() => inner.delete(...args)),
      abortUpload: (...args) => turn().then(() => inner.abortUpload(...args)),
      async *list(...args) {
        await turn();
        yield* inner.list(...args);
      },
      async *listUploads(...args) {
        await turn();
        yield* inner.listUploads(...args);
      },
    },
    reached: reached.promise,
    resume: resumed.resolve,
    calls: () => calls,
  };
}
