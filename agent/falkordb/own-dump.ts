import { type FileHandle, stat } from 'node:fs/promises';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { MAX_HEADER_BYTES, parseRdbHeader } from '../pipeline/rdb-header.ts';
import type { Database } from './database.ts';
import { CLOCK_SLACK_SECONDS, type FinishedSave } from './save.ts';

/** A mount can be stale, or another server's: the file must be new, and stamped between our save's start and end. */
export async function assertOurs(
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

export async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
  try {
    const [opened, named] = await Promise.all([file.stat({ bigint: true }), stat(path, { bigint: true })]);
    return opened.ino === named.ino && opened.dev === named.dev;
  } catch {
    // Closed, because it was removed; or there is none. Who opens the path says what is wrong with it.
    return false;
  }
}

export async function identify(path: string): Promise<string | undefined> {
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

function notOurs(path: string, db: Database, why: string): BackupError {
  return new BackupError('dump-not-ours', `${path} is not the dump that ${db.name} has just written: ${why}.`, {
    hint: "Mount this server's data folder and name it in FALKORDB_DATA_DIR, or use BACKUP_SOURCE=replication.",
  });
}

export function unreadable(path: string, cause: unknown): BackupError {
  return new BackupError('dump-not-ours', `The dump at ${path} cannot be read: ${systemErrorCode(cause) ?? cause}.`, {
    hint: "Mount the server's data folder readable for this user and name it in FALKORDB_DATA_DIR, or use BACKUP_SOURCE=replication.",
    cause,
  });
}
