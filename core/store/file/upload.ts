import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaggedObjectInfo } from '../object-store.ts';
import { abortError, throwIfAborted } from './abort.ts';
import { BodyFailure } from './file-errors.ts';
import { FILE_MODE } from './folders.ts';
import { describe } from './read-object.ts';

export const UPLOAD_SUFFIX = '.upload';
// A living upload is written to all the time; a day leaves room for clocks that disagree.
const ABANDONED_MS = 24 * 60 * 60 * 1000;

type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** Writes the body to a new file that survives a power cut. One chunk at a time is in memory. */
export async function writeUpload(
  path: string,
  key: string,
  body: Body,
  signal: AbortSignal | undefined,
): Promise<TaggedObjectInfo> {
  const handle = await open(path, 'wx+', FILE_MODE);
  try {
    for await (const chunk of chunksOf(body, signal)) await handle.writeFile(chunk);
    await handle.sync();
    throwIfAborted(signal);
    return (await describe(handle, key)).info;
  } finally {
    await handle.close();
  }
}

/** What killed processes left behind, which nothing else would ever remove. */
export async function removeAbandonedUploads(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(UPLOAD_SUFFIX)) continue;
    const path = join(folder, name);
    const modifiedMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => Number.POSITIVE_INFINITY, // finished meanwhile
    );
    if (modifiedMs < Date.now() - ABANDONED_MS) await rm(path, { force: true });
  }
}

async function* chunksOf(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
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
