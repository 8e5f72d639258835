import { lstat, mkdir, open, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../model/errors.ts';
import { keyCollision, symbolicLink } from './file-errors.ts';

// Backups hold the data itself: nobody else on the machine may read them.
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** The folders a key lies in below the root, outermost first. */
function foldersOf(root: string, key: string): string[] {
  const names = key.split('/').slice(0, -1);
  return names.map((_, index) => join(root, ...names.slice(0, index + 1)));
}

/**
 * Refuses a key whose path leads through a symbolic link, as that might leave the root.
 * @throws store-denied, or a system error ENOENT or ENOTDIR
 */
export async function assertNoLinks(root: string, key: string): Promise<void> {
  for (const folder of foldersOf(root, key)) {
    if ((await lstat(folder)).isSymbolicLink()) throw symbolicLink(root, key);
  }
}

/** Level by level, for a recursive mkdir would follow a link and create folders behind it. */
export async function makeFolders(root: string, key: string): Promise<void> {
  for (const folder of foldersOf(root, key)) {
    try {
      await mkdir(folder, FOLDER_MODE);
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
      const found = await lstat(folder);
      if (found.isSymbolicLink()) throw symbolicLink(root, key);
      if (!found.isDirectory()) throw keyCollision(root, key);
    }
  }
}

/**
 * Makes a published or deleted name survive a power cut. Every folder up to the root each time: one we found existing
 * may have been created a moment ago by another process that has not synced it yet.
 */
export async function syncFolders(root: string, key: string): Promise<void> {
  for (const folder of [root, ...foldersOf(root, key)].reverse()) await syncFolder(folder);
}

/**
 * Creates a folder outside of any key, with its parents, durably. Level by level, for Node's recursive mkdir says
 * ENOENT of a file system that is read-only (seen on 24.21).
 */
export async function makeFolderTree(path: string): Promise<void> {
  if (await isFolder(path)) return;
  await makeFolderTree(dirname(path));
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    if (!(await isFolder(path))) throw error;
  }
  await syncFolder(path);
  await syncFolder(dirname(path));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Stops at the first that is not empty; a `put` that loses its folder to this creates it again. */
export async function removeEmptyFolders(root: string, key: string): Promise<void> {
  for (const folder of foldersOf(root, key).reverse()) {
    try {
      await rmdir(folder);
    } catch {
      // Not empty, or gone, or not ours to remove: what was asked for, the object's removal, is done already.
      return;
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // ENOENT: another process deleted the last object in it. EBADF, EINVAL: the file system cannot sync folders, which
    // PostgreSQL tolerates too (fsync_fname_ext in src/backend/storage/file/fd.c).
    if (!['ENOENT', 'EBADF', 'EINVAL'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}
