import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Small, as each is hashed in one go, and the thread that compresses waits for its next piece meanwhile. */
const READ_BYTES = 256 * 1024;
const POLL_MS = 10;

/**
 * The bytes of a file, in two buffers in turn, to the end that it has when `complete` resolves.
 * @param complete another process may append to it until then; what it rejects with is thrown
 */
export async function* chunksOf(file: FileHandle, complete: Promise<unknown>): AsyncGenerator<Uint8Array, void> {
  let isComplete = false;
  const completed = complete.then(() => {
    isComplete = true;
  });
  // It is awaited when there is nothing to read, which may be never.
  completed.catch(() => {});
  let [reading, spare] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
  for (let position = 0; ; ) {
    const isLast = isComplete;
    const { bytesRead } = await file.read(reading, { position });
    if (bytesRead > 0) {
      yield reading.subarray(0, bytesRead);
      position += bytesRead;
      [reading, spare] = [spare, reading];
    } else if (isLast) {
      return;
    }
    if (bytesRead < READ_BYTES && !isLast) await Promise.race([completed, setTimeout(POLL_MS)]);
  }
}
