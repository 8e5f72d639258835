import { fileURLToPath } from 'node:url';
import { BackupError } from '../model/errors.ts';
import { FileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';

const EXAMPLE = 'Give a folder by its absolute path, such as file:///var/lib/falkordb-backup.';
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/**
 * The store a setting names. Touches nothing: a folder is created by the first write.
 * @throws invalid-settings, without repeating the URL, which may hold a password meant for another setting
 */
export function openStore(url: string): ObjectStore {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === 's3') {
    throw new BackupError('invalid-settings', 'This version keeps backups in folders only, not in s3:// buckets.', {
      hint: EXAMPLE,
    });
  }
  if (scheme === undefined) throw refusal('it has no scheme');
  if (scheme !== 'file') throw refusal(`"${scheme}:" is not a kind of store`);
  // "file:backups" and "file://backups" would be read as a root folder and as a host.
  if (!url.slice('file:'.length).startsWith('///')) throw refusal('the path is not absolute');
  return new FileStore(folderOf(url));
}

function folderOf(url: string): string {
  let path: string;
  try {
    const parsed = new URL(url);
    if (parsed.search !== '' || parsed.hash !== '') throw refusal('"?" and "#" in a path are written %3F and %23');
    path = fileURLToPath(parsed);
  } catch (error) {
    throw error instanceof BackupError ? error : refusal('it is not well-formed', error);
  }
  if (path.includes('\0')) throw refusal('the path contains a zero byte');
  if (/^\/*$/.test(path)) throw refusal('it is the root of the file system');
  return path;
}

function refusal(reason: string, cause?: unknown): BackupError {
  return new BackupError('invalid-settings', `Not the URL of a store: ${reason}.`, { hint: EXAMPLE, cause });
}
