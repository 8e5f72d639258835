import { abortError, throwIfAborted } from './abort.ts';

export type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** A failure of the caller's body: it passes through `put` as it is, however much it looks like one of the store. */
export class BodyFailure extends Error {}

/**
 * The body's chunks, until the signal aborts: even where the body is stuck and never answers.
 * @throws BodyFailure with the body's own error as its cause; abortError
 */
export async function* chunksOf(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  throwIfAborted(signal);
  if (body instanceof Uint8Array) return yield body;
  const source = body[Symbol.asyncIterator]();
  let ended = false;
  try {
    while (true) {
      const next = await nextChunk(source, signal);
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that is stuck, which is why we may be here, would hold up the removal of our own file.
    if (!ended) Promise.resolve(source.return?.()).catch(() => {});
  }
}

/** Rejects at once when the signal aborts, even where the source never answers. */
function nextChunk(source: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined) {
  return new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
    const abort = () => signal && reject(abortError(signal));
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    source
      .next()
      .then(resolve, (error) => reject(new BodyFailure('The body failed.', { cause: error })))
      .finally(() => signal?.removeEventListener('abort', abort));
  });
}

/**
 * Chunks that release what they read from also on a `return()` before the first `next()`, which a bare generator would
 * not notice.
 */
export function releasing(
  chunks: AsyncGenerator<Uint8Array, void>,
  release: () => Promise<void> | void,
): AsyncIterableIterator<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => chunks.next(),
    return: async () => {
      const result = await chunks.return();
      await release();
      return result;
    },
  };
}
