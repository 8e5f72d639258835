import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from '../../core/model/errors.ts';
import { ahead } from '../pipeline/chunks.ts';
import type { Database } from './database.ts';
import { chunksOf } from './dump-file.ts';
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
import { type FinishedSave, save } from './save.ts';

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
  const growing = await GrowingDumps.watch(dirname(path));
  const { usedMemoryBytes } = await db.info();
  const stop = new AbortController();
  const saving = save(db, { ...options, signal: AbortSignal.any([options.signal, stop.signal]) });
  const finished = async (): Promise<DumpSource> => openFinished(db, path, before, await saving);
  const file = await growing?.open(saving);
  if (!file) return finished();

  const written = saving.then(async (saved) => {
    if (!(await isSameFile(file, path))) throw new DumpReplaced(finished);
    return await describe(db, path, file, before, saved);
  });
  // Whoever reads the bytes meets it too.
  written.catch(() => {});
  return {
    kind: 'bgsave',
    name: path,
    bytes: ahead(chunksOf(file, written)),
    maxBytes: MAX_BYTES_PER_MEMORY * usedMemoryBytes,
    written,
    close: () => {
      stop.abort();
      return file.close();
    },
  };
}

async function openFinished(
  db: Database,
  path: string,
  before: string | undefined,
  saved: FinishedSave,
): Promise<DumpSource> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const written = await describe(db, path, file, before, saved);
    return {
      kind: 'bgsave',
      name: path,
      bytes: ahead(chunksOf(file, Promise.resolve())),
      maxBytes: written.sizeBytes,
      written: Promise.resolve(written),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
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
