/** The bytes in chunks that end at the given offsets; offsets may repeat, which makes empty chunks. */
export async function* chunked(bytes: Uint8Array, offsets: number[] = []): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const end of [...offsets.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bytes before the error, then the error. */
export async function* failing(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw error;
}

export function flipBit(bytes: Uint8Array, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** In one buffer that is used again: what is left of a chunk when the next one is asked for is gone. */
export async function* reusing(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.alloc(chunkBytes);
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const piece = bytes.subarray(from, from + chunkBytes);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    buffer.fill(0);
  }
}
