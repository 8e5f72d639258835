import { createWriteStream } from 'node:fs';
import { link, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BackupError, systemErrorCode } from '../core/model/errors.ts';
import type { Manifest } from '../core/model/manifest.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { readDump } from './pipeline/read-dump.ts';
import type { OnProgress } from './progress.ts';
import { syncFolder } from './sync-folder.ts';

export interface FetchDeps {
  store: ObjectStore;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export interface FetchRequest {
  manifest: Manifest;
  output: string;
  overwrite: boolean;
}

/**
 * Writes the plain RDB of a backup to a file. The file appears under its name only once every check has passed.
 * @returns the absolute path
 * @throws integrity, store-*, invalid-argument where the file exists or cannot be written
 */
export async function fetchDump({ manifest, output, overwrite }: FetchRequest, deps: FetchDeps): Promise<string> {
  const path = resolve(output);
  const partial = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.partial`);
  // Before hours of download; `link` decides in the end.
  if (!overwrite && (await exists(path))) throw existsAlready(path);
  const total = manifest.stored.bytes;
  const report = (done: number) => deps.onProgress({ phase: 'fetch', unit: 'bytes', done, total });
  try {
    const dump = readDump(deps.store, manifest, { onProgress: report, signal: deps.signal });
    await pipeline(dump, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }), {
      signal: deps.signal,
    });
    if (overwrite) await rename(partial, path);
    else await link(partial, path);
    await syncFolder(dirname(path));
    return path;
  } catch (error) {
    deps.signal.throwIfAborted();
    throw explain(error, path);
  } finally {
    await rm(partial, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw explain(error, path);
  }
}

function explain(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (error instanceof BackupError || code === undefined) return error;
  if (code === 'EEXIST') return existsAlready(path);
  return new BackupError('invalid-argument', `${path} cannot be written: ${code}.`, {
    hint: 'Name a file in a folder that exists, with room for the dump.',
    cause: error,
  });
}

function existsAlready(path: string): BackupError {
  return new BackupError('invalid-argument', `${path} exists already.`, {
    hint: 'Name another file, or overwrite it with --force.',
  });
}
