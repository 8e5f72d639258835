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
