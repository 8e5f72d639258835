import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { observe } from '../pipeline/observe.ts';
import { type RdbFacts, RdbInspector } from '../pipeline/rdb-inspector.ts';
import type { OnProgress } from '../progress.ts';
import type { Algorithm } from './meta.ts';

const CHUNK_BYTES = 1024 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Of the file as it lies there, and, where that is compressed, of the dump in it as well. */
export interface Measured {
  bytes: number;
  digests: Map<Algorithm, string>;
}

/** A whole dump in a file, plain or compressed by gzip. */
export interface DumpFile {
  path: string;
  rdb: RdbFacts;
  measured: Measured[];
  /** The plain dump once more; it ends only if it is the same that was looked at. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

interface LookOptions {
  /** To be computed besides the SHA-256 of the plain dump. */
  algorithms: Algorithm[];
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Reads a file to its end, to see that it is a whole dump. Changes nothing.
 * @throws invalid-argument where it cannot be read, integrity where it is no whole dump
 */
export async function lookAtDump(path: string, { algorithms, onProgress, signal }: LookOptions): Promise<DumpFile> {
  const { bytes: total, isGzip } = await identify(path);
  const stored = new Measuring(algorithms);
  const plain = new Measuring(algorithms);
  const inspector = await RdbInspector.create(path);
  const raw = observe(readFileBytes(path, signal), (chunk) => {
    stored.update(chunk);
    onProgress({ phase: 'verify', unit: 'bytes', done: stored.bytes, total });
  });
  for await (const chunk of isGzip ? gunzip(raw, path) : raw) {
    inspector.update(chunk);
    if (isGzip) plain.update(chunk);
  }
  const rdb = inspector.end();
  const measured = [stored, ...(isGzip ? [plain] : [])].map((each) => each.end());
  return { path, rdb, measured, open: (stop) => unchanged(path, isGzip, rdb.sha256, stop) };
}

async function* unchanged(
  path: string,
  isGzip: boolean,
  sha256: string,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const inspector = await RdbInspector.create(path);
  const raw = readFileBytes(path, signal);
  for await (const chunk of isGzip ? gunzip(raw, path) : raw) {
    inspector.update(chunk);
    yield chunk;
  }
  if (inspector.end().sha256 === sha256) return;
  throw new BackupError('integrity', `${path} changed while it was being imported.`, {
    hint: 'Copy the file to where nothing writes to it, and import the copy.',
  });
}

class Measuring {
  bytes = 0;
  readonly #hashes: Map<Algorithm, Hash>;

  constructor(algorithms: Algorithm[]) {
    this.#hashes = new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]));
  }

  update(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  end(): Measured {
    return {
      bytes: this.bytes,
      digests: new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')])),
    };
  }
}

/** By its first bytes: names lie. */
async function identify(path: string): Promise<{ bytes: number; isGzip: boolean }> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw unreadable(path, 'is a folder', `Name the files in it: ${path}/*.rdb`);
    // Opening a pipe would wait for whoever writes to it.
    if (!info.isFile()) throw unreadable(path, 'is no file', 'Name a dump: a file ending in .rdb or .rdb.gz.');
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
    return { bytes: info.size, isGzip: bytesRead === 2 && GZIP_MAGIC.every((byte, index) => buffer[index] === byte) };
  } catch (error) {
    throw explain(error, path);
  }
}

async function* readFileBytes(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { signal, highWaterMark: CHUNK_BYTES });
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, path);
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>, path: string): AsyncIterable<Uint8Array> {
  const unpacking = createGunzip({ chunkSize: CHUNK_BYTES });
  // Its error is also the one that iterating throws.
  pipeline(Readable.from(source, { objectMode: false }), unpacking).catch(() => {});
  try {
    yield* unpacking;
  } catch (cause) {
    const code = systemErrorCode(cause) ?? '';
    if (!code.startsWith('Z_') || !(cause instanceof Error)) throw cause;
    throw new BackupError('integrity', `${path} is damaged: gzip cannot unpack it (${cause.message}).`, {
      hint: 'Use another dump; the copy that it was made from may be whole.',
      cause,
    });
  }
}

function explain(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (error instanceof BackupError || code === undefined) return error;
  const hint =
    code === 'EACCES' || code === 'EPERM'
      ? 'Run this as a user that may read it, or let this one: chmod, setfacl.'
      : 'Name a dump: a file ending in .rdb or .rdb.gz.';
  return unreadable(path, `cannot be read: ${code}`, hint, error);
}

function unreadable(path: string, why: string, hint: string, cause?: unknown): BackupError {
  return new BackupError('invalid-argument', `${path} ${why}.`, { hint, cause });
}
