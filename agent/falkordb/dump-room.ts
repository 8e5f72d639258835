import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

/**
 * A save writes its file beside the old one; one that finds the disk full makes the server refuse writes.
 * @throws database-unsuitable where there is less room than the last dump took
 */
export async function assertRoomForDump(path: string): Promise<void> {
  const lastBytes = await fileSize(path);
  const { bavail, bsize } = await statfs(dirname(path));
  const freeBytes = bavail * bsize;
  if (freeBytes >= lastBytes) return;
  throw new BackupError(
    'database-unsuitable',
    `There is no room for a dump in ${dirname(path)}: ${freeBytes} bytes are free, the last one took ${lastBytes}.`,
    { hint: 'Make room on that disk, or use BACKUP_SOURCE=replication, which writes no file.', retryable: true },
  );
}

/** 0 where there is no such file. */
export async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
