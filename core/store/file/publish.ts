import { link, lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, systemErrorCode } from '../../model/errors.ts';
import { keyCollision, notFound, preconditionFailed, storeError } from './file-errors.ts';
import { makeFolders, syncFolders } from './folders.ts';
import { describe, openObject } from './read-object.ts';

// Each costs a delete that removed our still empty folder in just that moment.
const MAX_PLACE_ATTEMPTS = 50;

/** Gives a finished upload its name if no object has it: `link` decides that alone, between any number of processes. */
export async function publishNew(root: string, key: string, upload: string): Promise<void> {
  try {
    await place(root, key, (target) => link(upload, target));
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    await assertNotFolder(root, key);
    throw preconditionFailed(root, key, 'exists already');
  }
  await syncFolders(root, key);
}

/** Gives a finished upload its name in place of what may have it. Call it under the store's mutex only. */
export async function publishOver(root: string, key: string, upload: string, ifMatch?: string): Promise<void> {
  if (ifMatch !== undefined && (await currentEtag(root, key)) !== ifMatch) {
    throw preconditionFailed(root, key, 'is not what it was when it was read');
  }
  try {
    await place(root, key, (target) => rename(upload, target));
  } catch (error) {
    if (systemErrorCode(error) === 'EISDIR') throw keyCollision(root, key);
    throw error;
  }
  await syncFolders(root, key);
}

async function currentEtag(root: string, key: string): Promise<string | undefined> {
  try {
    const handle = await openObject(root, key);
    try {
      return (await describe(handle, key)).info.etag;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const explained = storeError(error, root, key, 'read');
    if (hasCode(explained, 'store-not-found')) return undefined;
    throw explained;
  }
}

/** Runs the action on the key's path once its folders exist, and again while a delete takes them away in between. */
export async function place(root: string, key: string, action: (target: string) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeFolders(root, key);
      return await action(join(root, key));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || attempt === MAX_PLACE_ATTEMPTS) throw error;
    }
  }
}

async function assertNotFolder(root: string, key: string): Promise<void> {
  const found = await lstat(join(root, key)).catch(() => notFound(root, key));
  if (!(found instanceof Error) && found.isDirectory()) throw keyCollision(root, key);
}
