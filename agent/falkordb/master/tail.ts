/**
 * Passes a stream on but for its last bytes, which it returns once the stream has ended.
 * @param pass is awaited before more is read
 */
export async function holdBackTail(
  source: AsyncIterable<Uint8Array>,
  tailBytes: number,
  pass: (bytes: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  let held: Uint8Array = Buffer.alloc(0);
  for await (const chunk of source) {
    const fromHeld = Math.min(held.length, Math.max(0, held.length + chunk.length - tailBytes));
    const fromChunk = Math.max(0, chunk.length - tailBytes);
    if (fromHeld > 0) await pass(held.subarray(0, fromHeld));
    if (fromChunk > 0) await pass(chunk.subarray(0, fromChunk));
    held = Buffer.concat([held.subarray(fromHeld), chunk.subarray(fromChunk)]);
  }
  return held;
}

/**
 * Passes a stream on, and throws the signal's reason as soon as there is one, also while the source has nothing.
 * Not with Promise.race: what it leaves on a promise that lives as long as the stream adds up.
 */
export async function* untilAborted(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let giveUp: (reason: unknown) => void = () => {};
  const onAbort = () => giveUp(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that hangs would not answer this either.
    iterator.return?.().catch(() => {});
  }
}
