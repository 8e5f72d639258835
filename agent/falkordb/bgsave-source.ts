import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { ahead } from '../pipeline/chunks.ts';
import { MAX_HEADER_BYTES, parseRdbHeader } from '../pipeline/rdb-header.ts';
import type { Database } from './database.ts';
import { assertRoomForDump } from './dump-room.ts';
import type { DumpOptions, DumpSource } from './dump-source.ts';
import { CLOCK_SLACK_SECONDS, type FinishedSave, save } from './save.ts';

/** Small, as each is hashed in one go, and the thread that compresses waits for its next piece meanwhile. */
const READ_BYTES = 256 * 1024;

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
 * Lets the server save, and opens the file at once: a later save renames a new file over it and cannot disturb us.
 * @throws dump-not-ours where the file at `path` is not the one that this server has just written
 */
export async function openBgsave(db: Database, path: string, options: DumpOptions): Promise<DumpSource> {
  await assertRoomForDump(path).catch((error: unknown) => {
    throw error instanceof BackupError ? error : unreadable(path, error);
  });
  const before = await identify(path);
  const saved = await save(db, options);
  const file = await openDump(path);
  try {
    const { size } = await file.stat();
    await assertOurs(file, path, before, saved, db);
    return {
      kind: 'bgsave',
      name: path,
      bytes: ahead(chunksOf(file)),
      sizeBytes: size,
      maxBytes: size,
      save: { lastSave: saved.state.lastSave, startedCount: saved.state.startedCount },
      markerAtFork: saved.markerAtFork,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** In two buffers, in turn. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array, void> {
  let [reading, spare] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(reading, { position });
    if (bytesRead === 0) return;
    yield reading.subarray(0, bytesRead);
    position += bytesRead;
    [reading, spare] = [spare, reading];
  }
}

/** A mount can be stale, or another server's: the file must be new, and stamped between our save's start and end. */
async function assertOurs(
  file: FileHandle,
  path: string,
  before: string | undefined,
  saved: FinishedSave,
  db: Database,
): Promise<void> {
  if ((await identity(file)) === before) {
    throw notOurs(path, db, 'it did not change while the server saved');
  }
  const createdAt = Number((await readHeader(file, path)).get('ctime') ?? Number.NaN);
  if (!(createdAt >= saved.startedAt - CLOCK_SLACK_SECONDS && createdAt <= saved.endedAt)) {
    throw notOurs(path, db, 'its time stamp lies outside of the save');
  }
}

async function readHeader(file: FileHandle, path: string): Promise<ReadonlyMap<string, string>> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), { position: 0 });
  try {
    return parseRdbHeader(buffer.subarray(0, bytesRead))?.aux ?? new Map();
  } catch (cause) {
    throw new BackupError('integrity', `${path} is not an RDB file.`, {
      hint: 'See what else writes to the data folder of FalkorDB.',
      cause,
    });
  }
}

async function identify(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino}/${mtimeNs}/${size}`;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

async function identity(file: FileHandle): Promise<string> {
  const { ino, mtimeNs, size } = await file.stat({ bigint: true });
  return `${ino}/${mtimeNs}/${size}`;
}

async function openDump(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function notOurs(path: string, db: Database, why: string): BackupError {
  return new BackupError('dump-not-ours', `${path} is not the dump that ${db.name} has just written: ${why}.`, {
    hint: "Mount this server's data folder and name it in FALKORDB_DATA_DIR, or use BACKUP_SOURCE=replication.",
  });
}

function unreadable(path: string, cause: unknown): BackupError {
  return new BackupError('dump-not-ours', `The dump at ${path} cannot be read: ${systemErrorCode(cause) ?? cause}.`, {
    hint: "Mount the server's data folder readable for this user and name it in FALKORDB_DATA_DIR, or use BACKUP_SOURCE=replication.",
    cause,
  });
}
