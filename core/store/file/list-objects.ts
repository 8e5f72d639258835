import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../model/errors.ts';
import { isObjectKey } from '../../model/object-key.ts';
import type { ObjectInfo } from '../object-store.ts';

/**
 * Walks the tree in the order of whole keys, one folder in memory per level. `folder` is empty or ends with a slash.
 * What cannot be a key is not ours and stays unseen: dot-names, `lost+found`, links, sockets.
 */
export async function* listObjects(
  root: string,
  prefix: string,
  startAfter: string,
  folder = '',
): AsyncGenerator<ObjectInfo, void> {
  for (const entry of await sortedEntries(root, folder)) {
    const key = folder + entry.name;
    if (!isObjectKey(key)) continue;
    if (entry.isDirectory()) {
      if (mayHold(`${key}/`, prefix, startAfter)) yield* listObjects(root, prefix, startAfter, `${key}/`);
    } else if (entry.isFile() && key.startsWith(prefix) && key > startAfter) {
      // As bigint, for Node rounds the time of a plain one differently, and `head` would then say another millisecond.
      const found = await unlessVanished(() => lstat(join(root, key), { bigint: true }));
      if (found?.isFile()) yield { key, bytes: Number(found.size), modifiedAt: found.mtime };
    }
  }
}

function mayHold(folder: string, prefix: string, startAfter: string): boolean {
  const underPrefix = folder.startsWith(prefix) || prefix.startsWith(folder);
  return underPrefix && (folder > startAfter || startAfter.startsWith(folder));
}

async function sortedEntries(root: string, folder: string): Promise<Dirent[]> {
  const read = () => readdir(join(root, folder), { withFileTypes: true });
  const entries = (await unlessVanished(read, folder === '')) ?? [];
  // A folder counts as its name with the slash: "a-b/x" comes before "a/x". Keys are ASCII, so "<" compares bytes.
  const rank = (entry: Dirent) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
  return entries.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
}

async function unlessVanished<T>(read: () => Promise<T>, isRoot = false): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || (code === 'ENOTDIR' && !isRoot)) return undefined;
    throw error;
  }
}
