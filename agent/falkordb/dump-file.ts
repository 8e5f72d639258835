import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Small, as each is hashed in one go, and the thread that compresses waits for its next piece meanwhile. */
const READ_BYTES = 256 * 1024;
const POLL_MS = 10;
const LOOK_MS = 200;

/** A file that another process may still append to. */
export class DumpFile {
  readonly #file: FileHandle;
  readonly #complete: Promise<unknown>;
  #state: 'growing' | 'complete' | 'lost' = 'growing';

  /** @param complete when nothing is appended any more; what it rejects with is thrown to whoever reads */
  constructor(file: FileHandle, complete: Promise<unknown>) {
    this.#file = file;
    this.#complete = complete;
    const look = setInterval(() => void this.#closeIfRemoved(), LOOK_MS);
    complete
      .then(
        () => {
          if (this.#state === 'growing') this.#state = 'complete';
        },
        () => this.#lose(),
      )
      .finally(() => clearInterval(look));
  }

  /** From the first byte to the end that it has when it is complete, in two buffers in turn. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    let [reading, spare] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
    for (let position = 0; ; ) {
      const isLast = this.#state === 'complete';
      const bytesRead = await this.#read(reading, position);
      if (bytesRead > 0) {
        yield reading.subarray(0, bytesRead);
        position += bytesRead;
        [reading, spare] = [spare, reading];
      } else if (isLast) {
        return;
      }
      // Not raced with what completes it: each race would leave something behind there, for as long as a save may take.
      if (bytesRead < READ_BYTES && !isLast) await setTimeout(POLL_MS);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #read(buffer: Buffer, position: number): Promise<number> {
    try {
      if (this.#state !== 'lost') return (await this.#file.read(buffer, { position })).bytesRead;
    } catch (error) {
      // Closed meanwhile.
      if (!this.#isLost()) throw error;
    }
    await this.#complete;
    throw new Error('The file was removed while it was read.');
  }

  #isLost(): boolean {
    return this.#state === 'lost';
  }

  /** A save that fails removes its file, and may be made again at once: it needs the room that an open file would hold. */
  async #closeIfRemoved(): Promise<void> {
    try {
      const { nlink } = await this.#file.stat();
      if (nlink === 0 && this.#state === 'growing') await this.#lose();
    } catch {
      // Closed: nothing is held any more.
    }
  }

  async #lose(): Promise<void> {
    this.#state = 'lost';
    await this.#file.close();
  }
}
