import { appendFile, open, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DumpFile } from '../../../../agent/falkordb/dump-file.ts';
import { GrowingDumps } from '../../../../agent/falkordb/growing-dump.ts';
import { eventually } from '../../../support/eventually.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'temp-7.rdb');
});
afterEach(() => folder[Symbol.asyncDispose]());

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

describe('a file that grows', () => {
  it('is read to the end that it has when it is complete, and once more', async () => {
    await writeFile(path, 'begin');
    const { promise, resolve } = Promise.withResolvers<void>();
    const file = new DumpFile(await open(path), promise);
    const chunks = file.chunks();
    expect(String((await chunks.next()).value)).toBe('begin');
    const rest = read(chunks);
    await appendFile(path, ' middle');
    await appendFile(path, ' end');
    resolve();
    expect(await rest).toBe(' middle end');
    expect(await read(file.chunks())).toBe('begin middle end');
    await file.close();
  });

  it('says what became of it before it gives what is left of it', async () => {
    await writeFile(path, Buffer.alloc(1024 * 1024));
    const { promise, reject } = Promise.withResolvers<void>();
    const file = new DumpFile(await open(path), promise);
    const chunks = file.chunks();
    await chunks.next();
    reject(new Error('the save has failed'));
    await promise.catch(() => {});
    await expect(chunks.next()).rejects.toThrow('the save has failed');
  });

  it('is closed as soon as it is removed, though nobody reads it, and keeps no room', async () => {
    await writeFile(path, 'a save that fails');
    const { promise, reject } = Promise.withResolvers<void>();
    const file = new DumpFile(await open(path), promise);
    const chunks = file.chunks();
    await chunks.next();
    expect(await openFiles()).toEqual([path]);
    await rm(path);
    await eventually(async () => expect(await openFiles()).toEqual([]));
    const next = chunks.next();
    reject(new Error('replaced'));
    await expect(next).rejects.toThrow('replaced');
  });

  it('may be removed when it is complete', async () => {
    await writeFile(path, 'whole');
    const file = new DumpFile(await open(path), Promise.resolve());
    await rm(path);
    expect(await read(file.chunks())).toBe('whole');
    await file.close();
  });
});

describe('what grows in a folder', () => {
  const never = new Promise<void>(() => {});

  it('is opened when it comes, but not what was there before', async () => {
    await writeFile(join(folder.path, 'temp-1.rdb'), 'left over');
    const growing = await GrowingDumps.watch(folder.path);
    const opening = growing?.open(never);
    await writeFile(join(folder.path, 'temp-rewriteaof-2.aof'), 'no dump');
    await writeFile(path, 'new');
    const file = await opening;
    expect((await file?.readFile())?.toString()).toBe('new');
    await file?.close();
  });

  it('is not waited for when the save is over', async () => {
    const growing = await GrowingDumps.watch(folder.path);
    expect(growing).toBeDefined();
    expect(await growing?.open(Promise.resolve())).toBeUndefined();
    expect(await growing?.open(Promise.reject(new Error('failed')))).toBeUndefined();
  });

  it.each(['/proc', '/no/such/folder'])('is not looked for in %s', async (elsewhere) => {
    expect(await GrowingDumps.watch(elsewhere)).toBeUndefined();
  });
});

/** Of the folder, by this process. */
async function openFiles(): Promise<string[]> {
  const links = await readdir('/proc/self/fd');
  const found = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return found.filter((name) => name.startsWith(folder.path)).map((name) => name.replace(/ \(deleted\)$/, ''));
}
