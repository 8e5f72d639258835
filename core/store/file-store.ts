import { randomUUID } from 'node:crypto';
import { rm, unlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemErrorCode } from '../model/errors.ts';
import { assertObjectKey } from '../model/object-key.ts';
import { throwIfAborted } from './abort.ts';
import { preconditionFailed, storeError } from './file/file-errors.ts';
import { MUTEX_WAIT_MS, withFolderMutex } from './file/folder-mutex.ts';
import { assertNoLinks, makeFolderTree, removeEmptyFolders, syncFolders } from './file/folders.ts';
import { listObjects } from './file/list-objects.ts';
import { publishNew, publishOver } from './file/publish.ts';
import { clampRange, describe, fileBody, openObject } from './file/read-object.ts';
import { listUploads, removeAbandonedUploads, UPLOAD_SUFFIX, writeUpload } from './file/upload.ts';
import type {
  ByteRange,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
  TaggedObjectInfo,
  UnfinishedUpload,
} from './object-store.ts';

/**
 * Objects as files below a root folder, for any number of processes at once. `<root>/.tmp` holds unfinished uploads and
 * the mutex of those who overwrite and delete; creating and reading need no lock. Where `put` fails after the name was
 * published (the folder's fsync did), the object may be there, as after any lost answer.
 */
export class FileStore implements ObjectStore {
  readonly url: string;
  readonly #root: string;
  readonly #workFolder: string;
  readonly #mutexWaitMs: number;
  #swept = false;

  constructor(root: string, options: { mutexWaitMs?: number } = {}) {
    this.#root = resolve(root);
    this.#workFolder = join(this.#root, '.tmp');
    this.#mutexWaitMs = options.mutexWaitMs ?? MUTEX_WAIT_MS;
    this.url = pathToFileURL(this.#root).href;
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<TaggedObjectInfo> {
    assertObjectKey(key);
    const { ifAbsent, ifMatch, signal } = options;
    if (ifAbsent && ifMatch !== undefined) throw preconditionFailed(this.#root, key, 'cannot both exist and not exist');
    const upload = join(this.#workFolder, randomUUID() + UPLOAD_SUFFIX);
    try {
      throwIfAborted(signal);
      await this.#prepareWorkFolder();
      const info = await writeUpload(upload, key, body, signal);
      if (ifAbsent) await publishNew(this.#root, key, upload);
      else await this.#exclusively(signal, () => publishOver(this.#root, key, upload, ifMatch));
      return info;
    } catch (error) {
      throw storeError(error, this.#root, key, 'write');
    } finally {
      // What cannot be removed now is swept a day later; the outcome of the put is decided already.
      await rm(upload, { force: true }).catch(() => {});
    }
  }

  async get(key: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<StoredObject> {
    assertObjectKey(key);
    const { range, signal } = options;
    const explain = (error: unknown) => storeError(error, this.#root, key, 'read');
    try {
      throwIfAborted(signal);
      const handle = await openObject(this.#root, key);
      let handedOver = false;
      try {
        const { info, content } = await describe(handle, key);
        const { start, end } = clampRange(range, info.bytes);
        if (content) return { info, body: bodyOf(content.subarray(start, end)) };
        handedOver = true;
        return { info, body: fileBody(handle, { start, end }, signal, explain) };
      } finally {
        if (!handedOver) await handle.close();
      }
    } catch (error) {
      throw explain(error);
    }
  }

  async head(key: string): Promise<TaggedObjectInfo> {
    // Cheaper than it looks: of what is too large to be tagged by its content, `get` has read nothing yet.
    const { info, body } = await this.get(key);
    await body[Symbol.asyncIterator]().return?.();
    return info;
  }

  async *list(prefix: string, options: { startAfter?: string } = {}): AsyncIterable<ObjectInfo> {
    try {
      yield* listObjects(this.#root, prefix, options.startAfter ?? '');
    } catch (error) {
      throw storeError(error, this.#root, prefix, 'list');
    }
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    try {
      if (!(await isThere(() => assertNoLinks(this.#root, key)))) return;
      await this.#prepareWorkFolder();
      await this.#exclusively(undefined, async () => {
        if (!(await isThere(() => unlink(join(this.#root, key))))) return;
        await syncFolders(this.#root, key);
        await removeEmptyFolders(this.#root, key);
      });
    } catch (error) {
      throw storeError(error, this.#root, key, 'delete');
    }
  }

  async *listUploads(): AsyncIterable<UnfinishedUpload> {
    try {
      yield* listUploads(this.#workFolder);
    } catch (error) {
      throw storeError(error, this.#root, '.tmp', 'list');
    }
  }

  async abortUpload({ id }: UnfinishedUpload): Promise<void> {
    try {
      await rm(join(this.#workFolder, basename(id)), { force: true });
    } catch (error) {
      throw storeError(error, this.#root, id, 'delete');
    }
  }

  async #exclusively(signal: AbortSignal | undefined, task: () => Promise<void>): Promise<void> {
    const options = { waitMs: this.#mutexWaitMs, signal };
    await withFolderMutex(join(this.#workFolder, 'mutex.sqlite'), options, async () => {
      throwIfAborted(signal);
      await task();
    });
  }

  async #prepareWorkFolder(): Promise<void> {
    await makeFolderTree(this.#workFolder);
    if (this.#swept) return;
    this.#swept = true;
    await removeAbandonedUploads(this.#workFolder);
  }
}

/** False where the action finds no object: nothing, or a folder of other objects. */
async function isThere(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

async function* bodyOf(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (content.length > 0) yield content;
}
