import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { BackupError } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { ahead, copied, packed } from './chunks.ts';

export type Compression = Manifest['stored']['compression'];

const DECOMPRESSED_BYTES = 256 * 1024;
/** What is compressed at once: large, because each is a trip to another thread and back, for which that thread waits. */
const COMPRESSED_AT_ONCE_BYTES = 4 * 1024 * 1024;
const COMPRESSED_BYTES = 1024 * 1024;
/** zlib asks to wait with each piece, so the next one is asked for when its buffer is free again. Not in zlib's types. */
const ONE_PIECE = { writableHighWaterMark: 1 };

export const EXTENSIONS: Record<Compression, string> = { zstd: '.rdb.zst', none: '.rdb' };

/** Against 3, half of the CPU or less, beside a database that needs it, for 0 to 5 % more bytes (docs/performance.md). */
export const ZSTD_LEVEL = 1;
/** `nbWorkers` stays unset: with it Node 24 writes broken, even empty streams. */
const ZSTD_PARAMS = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };

/**
 * Plain bytes in, stored bytes out; an error of the source comes out of the iteration as it went in. A chunk of the source
 * is needed until the next one is asked for, and the next one is asked for while the last one is compressed.
 */
export function compress(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === 'none') return copied(source);
  const zstd = createZstdCompress({ ...ONE_PIECE, chunkSize: COMPRESSED_BYTES, params: ZSTD_PARAMS });
  // The callback is only there because pipeline wants one: its error is also the one that the iteration throws.
  pipeline(ahead(packed(source, COMPRESSED_AT_ONCE_BYTES)), zstd, () => {});
  return zstd;
}

/** @throws integrity, naming the object, where the stored bytes are no whole zstd stream */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  key: string,
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return yield* source;
  try {
    yield* through(source, createZstdDecompress({ chunkSize: DECOMPRESSED_BYTES }));
  } catch (cause) {
    if (!isZlibError(cause)) throw cause;
    throw new BackupError('integrity', `${key} is damaged: decompression failed (${cause.message}).`, {
      hint: 'The stored bytes changed after they were written. Use another backup, and look for damage in the store.',
      cause,
    });
  }
}

function through(source: AsyncIterable<Uint8Array>, transform: NodeJS.ReadWriteStream): AsyncIterable<Uint8Array> {
  const readable = Readable.from(source, { objectMode: false, highWaterMark: DECOMPRESSED_BYTES });
  // The callback is only there because pipeline wants one: its error is also the one that iterating the transform throws.
  pipeline(readable, transform, () => {});
  return transform as AsyncIterable<Uint8Array>;
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^(ZSTD|Z)_/.test(String(error.code));
}
