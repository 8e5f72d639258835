import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../model/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { type Body, chunksOf } from '../body.ts';
import type { TaggedObjectInfo, UnfinishedUpload } from '../object-store.ts';
import { FILE_MODE } from './folders.ts';
import { describe } from './read-object.ts';

export const UPLOAD_SUFFIX = '.upload';
// A living upload is written to all the time; a day leaves room for clocks that disagree.
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Writes the body to a new file that survives a power cut. One chunk at a time is in memory. */
export async function writeUpload(
  path: string,
  key: string,
  body: Body,
  signal: AbortSignal | undefined,
): Promise<TaggedObjectInfo> {
  const handle = await open(path, 'wx+', FILE_MODE);
  try {
    for await (const chunk of chunksOf(body, signal)) await handle.writeFile(chunk);
    await handle.sync();
    throwIfAborted(signal);
    return (await describe(handle, key)).info;
  } finally {
    await handle.close();
  }
}

/** Their keys are not known, because a key can be longer than a file name; the time is that of the last byte written. */
export async function* listUploads(folder: string): AsyncGenerator<UnfinishedUpload, void> {
  for (const id of (await readdirIfThere(folder)).filter((name) => name.endsWith(UPLOAD_SUFFIX))) {
    const found = await statIfThere(join(folder, id));
    if (found) yield { id, key: null, startedAt: found.mtime };
  }
}

/** What killed processes left behind, which nothing else would ever remove. */
export async function removeAbandonedUploads(folder: string): Promise<void> {
  for await (const { id, startedAt } of listUploads(folder)) {
    if (startedAt.getTime() < Date.now() - ABANDONED_MS) await rm(join(folder, id), { force: true });
  }
}

const readdirIfThere = (folder: string) => ifThere(readdir(folder)).then((names) => names ?? []);
const statIfThere = (path: string) => ifThere(stat(path));

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
