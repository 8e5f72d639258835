import type { BackupIdParts } from '../model/backup-id.ts';
import { hasCode } from '../model/errors.ts';
import { backupPrefix } from '../model/keys.ts';
import type { ObjectInfo, ObjectStore, UnfinishedUpload } from '../store/object-store.ts';
import { eachUntilFailure } from './each-until-failure.ts';
import {
  ABANDONED_MS,
  deathOf,
  type ExaminedFolder,
  examine,
  type IsDead,
  isOf,
  listByBackup,
  orphansIn,
} from './orphan-folders.ts';
import { entomb, removeTombstone, runAtWork } from './tombstones.ts';

const PARALLEL_FOLDERS = 4;
const PARALLEL_DELETES = 4;

export interface OrphanRemoval {
  removed: ObjectInfo[];
  uploads: UnfinishedUpload[];
  /** What had to stay, by its key or prefix, and why, for people. */
  left: { key: string; why: string }[];
}

interface Removing {
  store: ObjectStore;
  target: string;
  /** Nothing else goes, whatever it looks like by now. */
  planned: ObjectInfo[];
  now: () => Date;
  signal: AbortSignal | undefined;
}

/** Looks at everything again just before it removes it. */
export class OrphanRemover {
  readonly result: OrphanRemoval = { removed: [], uploads: [], left: [] };
  readonly #removing: Removing;
  readonly #planned: Set<string>;
  readonly #isDead: IsDead;

  constructor(removing: Removing) {
    this.#removing = removing;
    this.#planned = new Set(removing.planned.map(({ key }) => key));
    this.#isDead = deathOf(removing.store, removing.target, removing.now());
  }

  async removeFolders(backups: BackupIdParts[]): Promise<void> {
    const { store } = this.#removing;
    await eachUntilFailure(backups, PARALLEL_FOLDERS, async (parts) => {
      const prefix = backupPrefix(parts);
      await this.#attempt(prefix, async () => {
        for await (const folder of listByBackup(store, prefix)) {
          await this.#removeFrom(await examine(store, folder, this.#isDead));
        }
      });
    });
  }

  async abortUploads(uploads: UnfinishedUpload[]): Promise<void> {
    await eachUntilFailure(uploads, PARALLEL_DELETES, async (upload) => {
      const name = upload.key ?? upload.id;
      await this.#attempt(name, async () => {
        const working = await this.#runAtWork();
        if (isOf(working, upload.key)) return this.#leave(name, isAtWork(working));
        await this.#removing.store.abortUpload(upload);
        this.result.uploads.push(upload);
      });
    });
  }

  async #removeFrom(folder: ExaminedFolder): Promise<void> {
    const { store, now } = this.#removing;
    const { parts, holds } = folder;
    const prefix = backupPrefix(parts);
    const working = await this.#runAtWork();
    if (folder.spentTombstone) {
      if (working !== undefined) return this.#leave(prefix, isAtWork(working));
      await removeTombstone(store, parts, { olderThanMs: ABANDONED_MS, now: now() });
      return;
    }
    const { objects, isAwaited } = orphansIn(folder, working);
    const doomed = objects.filter(({ key }) => this.#planned.has(key));
    if (doomed.length === 0) return;
    if (isAwaited) return this.#leave(prefix, 'another run may still make this backup');
    const obstacle = holds === 'manifest' ? undefined : await entomb(store, parts, now);
    if (obstacle !== undefined) return this.#leave(prefix, obstacle);
    await eachUntilFailure(doomed, PARALLEL_DELETES, (object) =>
      this.#attempt(object.key, async () => {
        await store.delete(object.key);
        this.result.removed.push(object);
      }),
    );
  }

  async #runAtWork(): Promise<string | undefined> {
    const { store, target, now } = this.#removing;
    return runAtWork(store, target, now());
  }

  /** What the store refuses stays, and is told of. */
  async #attempt(key: string, step: () => Promise<void>): Promise<void> {
    if (this.#removing.signal?.aborted) return this.#leave(key, 'there was no time left');
    try {
      await step();
    } catch (error) {
      if (!hasCode(error, 'store-denied')) throw error;
      this.#leave(key, error.message);
    }
  }

  #leave(key: string, why: string): void {
    this.result.left.push({ key, why });
  }
}

function isAtWork(runId: string | undefined): string {
  return `run ${runId} is at work`;
}
