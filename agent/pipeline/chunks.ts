/*
 * Streams of chunks in few buffers that are used again and again: a dump's worth of new ones would keep the garbage
 * collector as busy as the compression (docs/performance.md).
 */

/** Is asked for the next chunk while the consumer works on the last one: so `source` needs two buffers. */
export async function* ahead(source: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  const ask = () => {
    const next = source.next();
    // It is awaited, but later: until then a rejection that nobody listens to would end the process.
    next.catch(() => {});
    return next;
  };
  let next = ask();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = ask();
      yield value;
    }
  } finally {
    // Not awaited: a source that is stuck would hold up whoever has stopped reading.
    source.return().catch(() => {});
  }
}

/** Chunks of so many bytes, but for the last. Each is the consumer's until the one after the next is asked for. */
export async function* packed(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void> {
  let [filling, spare] = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  let filled = 0;
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const piece = chunk.subarray(from, from + bytes - filled);
      filling.set(piece, filled);
      filled += piece.length;
      from += piece.length;
      if (filled < bytes) continue;
      yield filling;
      [filling, spare] = [spare, filling];
      filled = 0;
    }
  }
  if (filled > 0) yield filling.subarray(0, filled);
}

/** For who keeps chunks longer than the source does. */
export async function* copied(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) yield Buffer.from(chunk);
}
