import { pathToFileURL } from 'node:url';
import { BackupError, type ErrorCode, systemErrorCode } from '../../model/errors.ts';
import { BodyFailure } from '../body.ts';

type Action = 'read' | 'write' | 'list' | 'delete';

interface Meaning {
  code: ErrorCode;
  what: string;
  hint: string;
  retryable?: boolean;
}

const FULL: Meaning = {
  code: 'store-full',
  what: 'there is no space left',
  hint: 'Free space on the disk that holds the backups, raise its size or quota, or shorten the retention.',
};
const DENIED: Meaning = {
  code: 'store-denied',
  what: 'access was refused',
  hint: 'Let the user that runs falkordb-backup read and write this folder, and mount it read-write.',
};
const NO_LINKS: Meaning = {
  code: 'store-unavailable',
  what: 'its file system cannot publish a file by a hard link',
  hint: 'Keep backups on one file system with hard links, such as ext4, XFS, ZFS, APFS or NFS; exFAT has none.',
};
const UNAVAILABLE: Meaning = {
  code: 'store-unavailable',
  what: 'the file system failed',
  hint: 'Check that the disk or network share is mounted and healthy.',
  retryable: true,
};
const ABSENT: Meaning = { code: 'store-not-found', what: 'it does not exist', hint: 'List the backups that exist.' };

const MEANINGS = new Map<string, Meaning>([
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['EACCES', DENIED],
  ['EPERM', DENIED],
  ['EROFS', DENIED],
]);
const LINK_MEANINGS = new Map(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV'].map((code) => [code, NO_LINKS]));

/** What a store throws in place of a system error. Errors of ours, and bugs, pass unchanged. */
export function storeError(error: unknown, root: string, key: string, action: Action): unknown {
  if (error instanceof BodyFailure) return error.cause;
  const systemCode = systemErrorCode(error);
  if (error instanceof BackupError || systemCode === undefined || isBug(systemCode)) return error;
  const absent = action === 'read' && (systemCode === 'ENOENT' || systemCode === 'ENOTDIR');
  const ofLink = error instanceof Error && 'syscall' in error && error.syscall === 'link';
  const meaning = absent
    ? ABSENT
    : (ofLink && LINK_MEANINGS.get(systemCode)) || MEANINGS.get(systemCode) || UNAVAILABLE;
  return new BackupError(meaning.code, `Cannot ${action} ${subject(root, key)}: ${meaning.what} (${systemCode}).`, {
    hint: meaning.hint,
    retryable: meaning.retryable ?? false,
    cause: error,
  });
}

export function notFound(root: string, key: string): BackupError {
  return new BackupError('store-not-found', `Cannot read ${subject(root, key)}: it does not exist.`, {
    hint: ABSENT.hint,
  });
}

export function preconditionFailed(root: string, key: string, reason: string): BackupError {
  return new BackupError('store-precondition-failed', `Not written: ${subject(root, key)} ${reason}.`, {
    hint: 'Another process wrote it first: read it again before deciding what to do.',
  });
}

export function symbolicLink(root: string, key: string): BackupError {
  return new BackupError('store-denied', `${subject(root, key)} is or lies behind a symbolic link.`, {
    hint: "Replace the link with what it points to; only the store's root folder itself may be a link.",
  });
}

/** A folder tree cannot hold both `a` and `a/b`, as a bucket can. */
export function keyCollision(root: string, key: string): BackupError {
  return new BackupError('store-invalid-key', `Not written: ${subject(root, key)} is in the way of another object.`, {
    hint: 'In a folder no key may be another key followed by "/"; move what does not belong here.',
  });
}

// Node's own codes are for wrong arguments and states; SQLite's is the only one a file system can be the cause of.
function isBug(systemCode: string): boolean {
  return systemCode.startsWith('ERR_') && systemCode !== 'ERR_SQLITE_ERROR';
}

function subject(root: string, key: string): string {
  return `${key === '' ? 'the objects' : JSON.stringify(key)} in ${pathToFileURL(root).href}`;
}
