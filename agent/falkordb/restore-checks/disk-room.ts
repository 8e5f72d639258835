import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, systemErrorCode } from '../../../core/model/errors.ts';
import { locateDump } from '../bgsave-source.ts';
import type { Database } from '../database.ts';
import { fileSize } from '../dump-room.ts';
import { type Findings, inMebibytes, NOTHING, note, type RestoreSubject, refuse } from './findings.ts';

/** For what is written besides: manifests, the AOF of that moment, the last block of each file. */
const SLACK_BYTES = 1024 * 1024;

/** @param dataFolder the server's data folder where it has another path here */
export async function checkDisk(
  db: Database,
  hasAof: boolean,
  subject: RestoreSubject,
  dataFolder: string | undefined,
): Promise<Findings> {
  const uncheckable = (why: string) =>
    note(`Whether FalkorDB at ${db.name} has disk room for ${subject.name} could not be checked: ${why}.`);
  try {
    const path = await locateDump(db, dataFolder);
    const folder = dirname(path);
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    const needed = neededDiskBytes({ rdbBytes: subject.rdbBytes, oldDumpBytes: await fileSize(path), hasAof });
    if (freeBytes >= needed) return NOTHING;
    return refuse(
      'no-room',
      `FalkorDB at ${db.name} would need ${inMebibytes(needed)} of disk in ${folder} for ${subject.name}; ${inMebibytes(freeBytes)} are free.`,
      'Make room there (if it is not the folder of that server, name the right one in FALKORDB_DATA_DIR), or fetch the file and start a server from it elsewhere.',
    );
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== undefined) return uncheckable(`its data folder cannot be read here (${code})`);
    if (error instanceof BackupError && !error.retryable)
      return uncheckable('it does not tell where its data folder is');
    throw error;
  }
}

/**
 * How much has to be free before a restore, all of it in the data folder:
 * - The transfer is a new file beside the old dump, and is renamed over it: one copy, and then the old dump's room is free.
 * - With an AOF, FalkorDB writes a base file of all it holds as soon as it has loaded, and only then drops the old AOF,
 *   whose room is not counted on; our own rewrite writes another beside it. The base file that stays is one copy more.
 * - The save that follows writes a new dump beside the transferred one: one copy more.
 * A way back, where the comparison fails, takes the same with the safety backup, which is about the size of the old dump.
 */
export function neededDiskBytes(files: { rdbBytes: number; oldDumpBytes: number; hasAof: boolean }): number {
  const { rdbBytes, oldDumpBytes, hasAof } = files;
  return Math.max(rdbBytes, (hasAof ? 3 : 2) * rdbBytes - oldDumpBytes) + SLACK_BYTES;
}
