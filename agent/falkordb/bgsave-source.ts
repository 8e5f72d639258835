import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from '../../core/model/errors.ts';
import { ahead } from '../pipeline/chunks.ts';
import type { Database } from './database.ts';
import { DumpFile } from './dump-file.ts';
import { assertRoomForDump } from './dump-room.ts';
import {
  type DumpOptions,
  DumpReplaced,
  type DumpSource,
  MAX_BYTES_PER_MEMORY,
  type WrittenDump,
} from './dump-source.ts';
import { GrowingDumps } from './growing-dump.ts';
import { assertOurs, identify, isSameFile, unreadable } from './own-dump.ts';
import { type FinishedSave, save, UNKNOWN_MARKER } from './save.ts';

/**
 * Where the server writes its dump, as this process sees it.
 * @param dataFolder the server's data folder where it has another path here
 * @throws database-* where the server does not tell
 */
export async function locateDump(db: Database, dataFolder: string | undefined): Promise<string> {
  const folder = dataFolder ?? (await db.config('dir')).get('dir');
  const file = (await db.config('dbfilename')).get('dbfilename');
  if (folder && file) return join(folder, file);
  throw new BackupError('database-unsuitable', `FalkorDB at ${db.name} does not tell where it writes its dump.`, {
    hint: 'Allow CONFIG GET to this user, or use BACKUP_SOURCE=replication.',
  });
}

/**
 * Lets the server save. Where it can be done, the dump is read while it is written; else when it is there, and opened at
 * once: a later save renames a new file over it and cannot disturb us.
 * @throws dump-not-ours where the file at `path` is not the one that this server has just written
 */
export async function openBgsave(db: Database, path: string, options: DumpOptions): Promise<DumpSource> {
  await assertRoomForDump(path).catch((error: unknown) => {
    throw error instanceof BackupError ? error : unreadable(path, error);
  });
  const before = await identify(path);
  const growing = (await hasChecksum(db)) ? await GrowingDumps.watch(dirname(path)) : undefined;
  const { usedMemoryBytes } = await db.info();
  const stop = new AbortController();
  const saving = save(db, { ...options, signal: AbortSignal.any([options.signal, stop.signal]) });
  const handle = await growing?.open(saving);
  if (!handle) return openFinished(db, path, before, await saving);

  const written = saving.then(async (saved) => {
    if (await isSameFile(handle, path)) return await describe(db, path, handle, before, saved);
    throw new DumpReplaced(await openFinished(db, path, before, saved));
  });
  const file = new DumpFile(handle, written);
  const source: DumpSource = {
    kind: 'bgsave',
    name: path,
    bytes: ahead(file.chunks()),
    maxBytes: MAX_BYTES_PER_MEMORY * usedMemoryBytes,
    written,
    again: () => ({ ...source, bytes: ahead(file.chunks()) }),
    close: async () => {
      stop.abort();
      await file.close();
      written.catch((error: unknown) => (error instanceof DumpReplaced ? error.dump.close() : undefined));
    },
  };
  return source;
}

/** What is read while it is written is believed only where the server ends it with a checksum. */
async function hasChecksum(db: Database): Promise<boolean> {
  return (await db.config('rdbchecksum')).get('rdbchecksum') === 'yes';
}

async function openFinished(
  db: Database,
  path: string,
  before: string | undefined,
  saved: FinishedSave,
): Promise<DumpSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const written = await describe(db, path, handle, before, saved);
    const { startedCount } = (await db.info()).save;
    // Another save that ended before the file was opened may have made it.
    if (startedCount !== saved.state.startedCount) written.markerAtFork = UNKNOWN_MARKER;
    return {
      kind: 'bgsave',
      name: path,
      bytes: ahead(new DumpFile(handle, Promise.resolve()).chunks()),
      maxBytes: written.sizeBytes,
      written: Promise.resolve(written),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function describe(
  db: Database,
  path: string,
  file: FileHandle,
  before: string | undefined,
  saved: FinishedSave,
): Promise<WrittenDump & { sizeBytes: number }> {
  await assertOurs(file, path, before, saved, db);
  const { lastSave, startedCount } = saved.state;
  const { size } = await file.stat();
  return { sizeBytes: size, save: { lastSave, startedCount }, markerAtFork: saved.markerAtFork, at: performance.now() };
}
