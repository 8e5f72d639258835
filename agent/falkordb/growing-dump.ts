import { constants, type FileHandle, open, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** What the server's child writes, and the server renames when it is whole (rdbSave in rdb.c of Redis). */
const GROWING_DUMP = /^temp-\d+\.rdb$/;
const POLL_MS = 10;

/** ext, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS: what one process writes, another reads at once. A network's may lag. */
const COHERENT = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010]);

/** Opens the dump that a server writes into this folder as soon as there is one. */
export class GrowingDumps {
  readonly #folder: string;
  readonly #older: ReadonlySet<string>;

  private constructor(folder: string, older: ReadonlySet<string>) {
    this.#folder = folder;
    this.#older = older;
  }

  /** Before the save. Undefined where no file can be read while it is written. */
  static async watch(folder: string): Promise<GrowingDumps | undefined> {
    try {
      const { type } = await statfs(folder);
      return COHERENT.has(type) ? new GrowingDumps(folder, new Set(await growingDumps(folder))) : undefined;
    } catch {
      // Whoever opens the finished dump says what is wrong.
      return undefined;
    }
  }

  /** Undefined where `saving` settles first. */
  async open(saving: Promise<unknown>): Promise<FileHandle | undefined> {
    const over = new AbortController();
    const end = () => over.abort();
    saving.then(end, end);
    while (!over.signal.aborted) {
      const file = await this.#openNew();
      if (file) return file;
      await setTimeout(POLL_MS, undefined, { signal: over.signal }).catch(() => {});
    }
    return undefined;
  }

  async #openNew(): Promise<FileHandle | undefined> {
    try {
      const name = (await growingDumps(this.#folder)).find((found) => !this.#older.has(found));
      return name === undefined ? undefined : await openFile(join(this.#folder, name));
    } catch {
      // Renamed since it was listed, or not readable for us: the finished dump is read instead.
      return undefined;
    }
  }
}

async function growingDumps(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => GROWING_DUMP.test(name));
}

/** Undefined where it is something else, such as a pipe, whose opening would wait for a writer. */
async function openFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}
