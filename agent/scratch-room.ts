import { statfs } from 'node:fs/promises';
import { BackupError, systemErrorCode } from '../core/model/errors.ts';
import { availableMemory } from './own-memory.ts';

/** Of Linux; what is written there takes memory. */
const TMPFS_MAGIC = 0x01021994;

export interface ScratchNeeds {
  /** For messages: what is to be loaded. */
  name: string;
  /** Of the dump file. */
  bytes: number;
  /** Null where it is not known: then as much as the file is taken for the least. */
  usedMemoryBytes: number | null;
}

/**
 * A server that finds no memory is ended by the kernel, and so may be others beside it.
 * @param folder where the dump would be written
 * @throws no-room, invalid-settings where there is no such folder
 */
export async function assertScratchRoom({ name, bytes, usedMemoryBytes }: ScratchNeeds, folder: string): Promise<void> {
  const { bavail, bsize, type } = await statfs(folder).catch((error: unknown) => {
    throw noFolder(folder, error);
  });
  const freeDisk = bavail * bsize;
  if (freeDisk < bytes) {
    throw new BackupError('no-room', `The dump of ${name} takes ${bytes} bytes; ${folder} has ${freeDisk} free.`, {
      hint: 'Name a folder on a larger disk in BACKUP_SCRATCH_DIR, or verify it on another machine.',
    });
  }
  const needed = (usedMemoryBytes ?? bytes) + (type === TMPFS_MAGIC ? bytes : 0);
  const available = await availableMemory();
  if (available >= needed) return;
  const inMemory = type === TMPFS_MAGIC ? `, its dump in ${folder} among it, which is in memory too` : '';
  throw new BackupError(
    'no-room',
    `Loading ${name} takes about ${needed} bytes of memory${inMemory}; ${available} are available here.`,
    { hint: 'Verify it on a machine, or in a container, with more memory.' },
  );
}

/** For whatever making or writing a file in the scratch folder threw. */
export function explainScratchError(error: unknown, folder: string): unknown {
  const code = systemErrorCode(error);
  if (error instanceof BackupError || code === undefined) return error;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return noFolder(folder, error);
  return new BackupError('no-room', `${folder} became full while a dump was written to it.`, {
    hint: 'Name a folder on a larger disk in BACKUP_SCRATCH_DIR.',
    cause: error,
  });
}

function noFolder(folder: string, cause: unknown): BackupError {
  return new BackupError(
    'invalid-settings',
    `${folder} cannot be used for a throw-away server: ${systemErrorCode(cause)}.`,
    {
      hint: 'Name a folder that exists and can be written to in BACKUP_SCRATCH_DIR.',
      cause,
    },
  );
}
