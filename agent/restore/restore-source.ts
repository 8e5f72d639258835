import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { resolveBackup } from '../../core/catalog/catalog.ts';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { RestoreSubject } from '../falkordb/restore-checks.ts';
import { RdbInspector } from '../pipeline/rdb-inspector.ts';
import { dumpOf, type ProvableDump } from '../prove.ts';

/** What is to be restored. */
export interface RestoreSource extends ProvableDump {
  takenAt: Date;
  sha256: string;
  engine: RestoreSubject['engine'];
  /** Null for a file. */
  manifest: Manifest | null;
}

interface SourceDeps {
  store: ObjectStore;
  target: string;
  signal: AbortSignal;
}

/**
 * @param reference a backup id, `latest`, `latest:<tier>`, or the path of a plain RDB file (ends with .rdb)
 * @throws backup-not-found, invalid-argument, unreadable-manifest, integrity where a file is no whole RDB, store-*
 */
export async function resolveSource(reference: string, deps: SourceDeps): Promise<RestoreSource> {
  if (reference.endsWith('.rdb')) return fileSource(resolve(reference), deps.signal);
  return backupSource(await resolveBackup(deps.store, deps.target, reference), deps);
}

export function backupSource(manifest: Manifest, deps: Omit<SourceDeps, 'target'>): RestoreSource {
  const { rdb, engine } = manifest;
  return { ...dumpOf(manifest, deps), takenAt: new Date(rdb.createdAt), sha256: rdb.sha256, engine, manifest };
}

/** Reads the file once, to see that it is whole; again when it is opened, to see that it is still the same. */
async function fileSource(path: string, signal: AbortSignal): Promise<RestoreSource> {
  const inspector = await RdbInspector.create(path);
  for await (const chunk of readFileBytes(path, signal)) inspector.update(chunk);
  const { header, bytes, sha256 } = inspector.end();
  const number = (name: string) => Number(header.aux.get(name) ?? Number.NaN);
  const usedMemory = number('used-mem');
  return {
    name: basename(path),
    bytes,
    usedMemoryBytes: Number.isNaN(usedMemory) ? null : usedMemory,
    takenAt: new Date((number('ctime') || 0) * 1000),
    sha256,
    engine: { redis: header.aux.get('redis-ver') ?? null, falkordb: null, rdbVersion: header.version },
    manifest: null,
    open: () => unchanged(path, sha256, signal),
  };
}

async function* unchanged(path: string, sha256: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const inspector = await RdbInspector.create(path);
  for await (const chunk of readFileBytes(path, signal)) {
    inspector.update(chunk);
    yield chunk;
  }
  if (inspector.end().sha256 === sha256) return;
  throw new BackupError('integrity', `${path} changed while it was being restored.`, {
    hint: 'Copy the file to where nothing writes to it, and restore the copy.',
  });
}

async function* readFileBytes(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { signal, highWaterMark: 1024 * 1024 });
  } catch (cause) {
    signal.throwIfAborted();
    throw new BackupError('invalid-argument', `${path} cannot be read: ${systemErrorCode(cause)}.`, {
      hint: 'Name a plain RDB file, as "falkordb-backup fetch" writes it.',
      cause,
    });
  }
}
