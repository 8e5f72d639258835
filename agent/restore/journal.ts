import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { processIdentitySchema } from '../../core/model/lease.ts';
import { targetSchema } from '../../core/model/target.ts';
import { utcTimeSchema } from '../../core/model/timestamp.ts';
import { contentsSchema } from '../../core/model/verification.ts';
import { udfLibrarySchema } from '../falkordb/udf-libraries.ts';
import { syncFolder } from '../sync-folder.ts';

/** What a restore has done to FalkorDB so far: enough to undo it, or to end it, without the store. */
const journalSchema = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  target: targetSchema,
  startedAt: utcTimeSchema,
  process: processIdentitySchema,
  /** What is restored: a backup id or a path. */
  source: z.string(),
  safetyBackupId: z.string().nullable(),
  server: z.object({ address: z.string(), runId: z.string(), configRewrites: z.number() }),
  /** The server's numbers of the connections that change it: closing them keeps a process that sleeps from going on. */
  connections: z.array(z.number()),
  /** Where FalkorDB was told to replicate from; null before that. */
  master: z.object({ host: z.string(), port: z.number() }).nullable(),
  /** SHA-256 of the `masterauth` that was set for the moment; null where the server has one of its own. */
  masterauthSha256: z.string().nullable(),
  /** The settings that the server had before it was told to refuse writes; missing before that. */
  writeLimits: z.record(z.string(), z.string()).optional(),
  /** The histories that were sent, by which the server's data can be told. */
  streams: z.array(z.object({ replicationId: z.string(), holds: z.enum(['backup', 'safety backup']) })),
  /** True from just before the last bytes are sent: from then on the server may have flushed its own data. */
  handedOver: z.boolean().optional(),
  /** The server's own history just before it was told to replicate; missing before that. */
  replicationId: z.string().optional(),
  /** True once the server's own files hold the backup: from then on a restart does not change what it holds. */
  isDurable: z.boolean().optional(),
  /** What the server is to hold when the backup is in it; null where nobody has loaded it before. */
  expected: contentsSchema.nullable(),
  /** What it held before; null until it was frozen. */
  old: contentsSchema.nullable(),
  /** Its UDF libraries before; they are dropped just before it loads. */
  oldLibraries: z.array(udfLibrarySchema).optional(),
});

export type JournalRecord = z.infer<typeof journalSchema>;

/** One file a target; it exists from before the first change of a restore until after the last. */
export class Journal {
  readonly path: string;
  #record: JournalRecord;

  private constructor(path: string, record: JournalRecord) {
    this.path = path;
    this.#record = record;
  }

  get record(): JournalRecord {
    return this.#record;
  }

  /** @throws restore-unfinished where an earlier restore has left one, invalid-settings where it cannot be written */
  static async create(folder: string, record: JournalRecord): Promise<Journal> {
    const left = await Journal.find(folder, record.target);
    if (left) throw unfinished(left);
    const journal = new Journal(pathOf(folder, record.target), record);
    await journal.#write();
    return journal;
  }

  /** @throws integrity where it cannot be read */
  static async find(folder: string, target: string): Promise<Journal | undefined> {
    const path = pathOf(folder, target);
    const text = await readIfPresent(path);
    if (text === undefined) return undefined;
    try {
      return new Journal(path, journalSchema.parse(JSON.parse(text)));
    } catch (cause) {
      throw new BackupError('integrity', `${path}, the note of an unfinished restore, cannot be read.`, {
        hint: 'docs/restore.md says how to set FalkorDB free by hand; delete the file afterwards.',
        cause,
      });
    }
  }

  /**
   * Survives a power cut once it has returned: it is called before each change.
   * @throws lease-lost where another process has ended this restore
   */
  async update(change: Partial<JournalRecord>): Promise<void> {
    await this.#assertOurs();
    this.#record = { ...this.#record, ...change };
    await this.#write();
  }

  /** @throws lease-lost where another process has ended this restore, invalid-settings where it cannot be removed */
  async remove(): Promise<void> {
    await this.#assertOurs();
    try {
      await rm(this.path, { force: true });
      await syncFolder(dirname(this.path));
    } catch (cause) {
      throw new BackupError('invalid-settings', `${this.path} cannot be removed: ${systemErrorCode(cause)}.`, {
        hint: 'Delete it by hand: no other restore begins before.',
        cause,
      });
    }
  }

  async #assertOurs(): Promise<void> {
    const onDisk = await Journal.find(dirname(this.path), this.#record.target);
    if (onDisk?.record.runId === this.#record.runId) return;
    throw new BackupError('lease-lost', `The restore ${this.#record.runId} was ended by another process.`, {
      hint: 'This process was paused; nothing it did since counts. See what that one says that FalkorDB holds.',
    });
  }

  async #write(): Promise<void> {
    const partial = `${this.path}.partial`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = await open(partial, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(this.#record, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, this.path);
      await syncFolder(dirname(this.path));
    } catch (cause) {
      throw new BackupError('invalid-settings', `${this.path} cannot be written: ${systemErrorCode(cause)}.`, {
        hint: 'A restore notes there how far it is. Make room there and let this user write; only where none is unfinished, name another folder in BACKUP_STATE_DIR.',
        cause,
      });
    }
  }
}

function pathOf(folder: string, target: string): string {
  return join(folder, `restore-${target}.json`);
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return undefined;
    throw new BackupError('invalid-settings', `${path} cannot be read: ${systemErrorCode(cause)}.`, {
      hint: 'Let this user read it, or name another folder in BACKUP_STATE_DIR.',
      cause,
    });
  }
}

export function unfinished({ path, record }: Journal): BackupError {
  return new BackupError(
    'restore-unfinished',
    `The restore ${record.runId} of ${record.target} did not end (${path}).`,
    {
      hint: 'Run "falkordb-backup restore --recover" first: it sets FalkorDB free.',
    },
  );
}
