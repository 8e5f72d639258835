import { randomBytes } from 'node:crypto';
import { fchmodSync, fchownSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';

/** Readable for a group that reads logs; written by its owner only. */
const MODE = 0o640;
const PERMISSIONS = 0o777;
const NEWLINE = '\n';

/**
 * Opens it for appending; makes it where it is not there.
 * @param like whose owner and mode a new one gets: who puts the file aside may be root, who writes to it then is not
 * @throws invalid-settings where something else is there, such as a folder or a pipe, that a line could wait in; the
 * system's error
 */
export function openLogFile(path: string, like?: Stats): number {
  let fd: number;
  try {
    fd = openSync(path, 'ax+', MODE);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    assertFile(path);
    return openSync(path, 'a+', MODE);
  }
  // Whatever the umask says.
  fchmodSync(fd, like ? like.mode & PERMISSIONS : MODE);
  if (like) giveTo(fd, like);
  return fd;
}

/** False after a process that was killed within a line. */
export function endsWithLine(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(fd, last, 0, 1, size - 1) === 0 || last.toString() === NEWLINE;
}

/** That no other process chooses; in order of time. */
export function asideName(path: string, now: Date): string {
  return `${path}.${toCompactTimestamp(now)}-${String(now.getMilliseconds()).padStart(3, '0')}-${randomBytes(3).toString('hex')}`;
}

/** Whether a file in the folder of the log is one that was put aside. */
export function isAside(path: string, name: string): boolean {
  const prefix = `${basename(path)}.`;
  return name.startsWith(prefix) && /^\d{8}T\d{6}Z-\d{3}-[0-9a-f]{6}$/.test(name.slice(prefix.length));
}

function assertFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== false) return;
  throw new BackupError('invalid-settings', `${path} is no file.`, { hint: 'Set BACKUP_LOG_FILE to a file.' });
}

function giveTo(fd: number, { uid, gid }: Stats): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    // Only root may; for others it is theirs already.
    if (systemErrorCode(error) !== 'EPERM') throw error;
  }
}
