import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, systemErrorCode } from '../../model/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { releasing } from '../body.ts';
import type { ByteRange, TaggedObjectInfo } from '../object-store.ts';
import { assertRange } from '../range.ts';
import { notFound, symbolicLink } from './file-errors.ts';
import { assertNoLinks } from './folders.ts';

const SMALL_BYTES = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

export interface Described {
  info: TaggedObjectInfo;
  /** The whole content of an object small enough to be tagged by it. */
  content: Buffer | undefined;
}

/** @throws store-not-found, store-denied, or a system error */
export async function openObject(root: string, key: string): Promise<FileHandle> {
  await assertNoLinks(root, key);
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a stray FIFO would block for ever.
    handle = await open(join(root, key), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw systemErrorCode(error) === 'ELOOP' ? symbolicLink(root, key) : error;
  }
  try {
    if (!(await handle.stat()).isFile()) throw notFound(root, key);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Small objects are tagged by content: an inode number and a time may both come back, and compare-and-swap, which is used
 * on small objects, would then overwrite what it has never seen.
 */
export async function describe(handle: FileHandle, key: string): Promise<Described> {
  const stat = await handle.stat({ bigint: true });
  const bytes = Number(stat.size);
  const content = bytes <= SMALL_BYTES ? await readFully(handle, 0, bytes) : undefined;
  const etag = content ? createHash('sha256').update(content).digest('hex') : `${stat.ino}-${stat.mtimeNs}-${bytes}`;
  return { info: { key, bytes, modifiedAt: stat.mtime, etag }, content };
}

/** Both offsets within the object. */
export function clampRange(range: ByteRange | undefined, bytes: number): { start: number; end: number } {
  const { start = 0, end = bytes } = range ?? {};
  assertRange({ start, end });
  return { start: Math.min(start, bytes), end: Math.min(end, bytes) };
}

/**
 * Takes over the descriptor and closes it at the end, at an error and on `return()`. A body that is dropped without
 * either keeps its descriptor until Node collects the handle, which prints a warning: it is a bug of the caller, not a
 * leak for ever.
 */
export function fileBody(
  handle: FileHandle,
  range: { start: number; end: number },
  signal: AbortSignal | undefined,
  explain: (error: unknown) => unknown,
): AsyncIterable<Uint8Array> {
  return releasing(readChunks(handle, range, signal, explain), () => handle.close());
}

async function* readChunks(
  handle: FileHandle,
  { start, end }: { start: number; end: number },
  signal: AbortSignal | undefined,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array, void> {
  try {
    for (let position = start; position < end; position += CHUNK_BYTES) {
      throwIfAborted(signal);
      yield await readFully(handle, position, Math.min(CHUNK_BYTES, end - position));
    }
  } catch (error) {
    throw explain(error);
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) {
      throw new BackupError('store-unavailable', `A stored file became shorter while it was read, at ${position}.`, {
        hint: 'Something other than falkordb-backup changes files in this folder; find it, then verify the backups.',
      });
    }
    filled += bytesRead;
  }
  return buffer;
}
