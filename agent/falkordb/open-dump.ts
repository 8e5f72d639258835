import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import { locateDump, openBgsave } from './bgsave-source.ts';
import type { Database } from './database.ts';
import { type DumpOptions, DumpReplaced, type DumpSource, type WrittenDump } from './dump-source.ts';
import { openReplication } from './replication-source.ts';

export type SourceSetting = 'auto' | 'bgsave' | 'replication';

export interface OpenDumpOptions extends DumpOptions {
  source: SourceSetting;
  /** The server's data folder, where it has another path here than the server says. */
  dataFolder: string | undefined;
  log: (message: string) => void;
}

export interface UsedDump<T> {
  kind: DumpSource['kind'];
  written: WrittenDump;
  value: T;
}

/**
 * Takes a dump and closes it. A dump that is read while it is written may be replaced, as by FLUSHALL or by a save that
 * failed and was made again, or may not have come as it was written: then `use` is called once more, with one that is whole.
 * @throws what `use` throws; as `openDump`
 */
export async function useDump<T>(
  db: Database,
  options: OpenDumpOptions,
  use: (dump: DumpSource) => Promise<T>,
): Promise<UsedDump<T>> {
  await using first = closing(await openDump(db, options));
  try {
    return await useOnce(first.dump, use);
  } catch (error) {
    const other = await instead(error, first.dump, db, options);
    if (!other) throw error;
    options.log(`Taking the dump once more: ${error instanceof Error ? error.message : error}`);
    await using second = closing(other);
    return await useOnce(second.dump, use);
  }
}

function closing(dump: DumpSource): { dump: DumpSource } & AsyncDisposable {
  return { dump, [Symbol.asyncDispose]: () => dump.close() };
}

async function useOnce<T>(dump: DumpSource, use: (dump: DumpSource) => Promise<T>): Promise<UsedDump<T>> {
  const value = await use(dump);
  return { kind: dump.kind, written: await dump.written, value };
}

/** The dump to take where one turned out not to be it, if there is any. */
async function instead(
  error: unknown,
  { again, written }: DumpSource,
  db: Database,
  options: OpenDumpOptions,
): Promise<DumpSource | undefined> {
  if (error instanceof DumpReplaced) return error.dump;
  if (options.source === 'auto' && isForReplication(error)) return openReplication(db, options);
  // What is retryable is no fault of the dump's: a store that does not have what was sent.
  if (!again || !hasCode(error, 'integrity') || error.retryable) return undefined;
  try {
    await written;
    return again();
  } catch (replaced) {
    return replaced instanceof DumpReplaced ? replaced.dump : undefined;
  }
}

/** The second where there is no room for a dump file: replication needs none. */
function isForReplication(error: unknown): error is BackupError {
  return hasCode(error, 'dump-not-ours') || hasCode(error, 'database-unsuitable');
}

/**
 * `auto` takes `bgsave` where the dump can be read here, because reading a file sets the server's fork free sooner,
 * and `replication` elsewhere. It says which.
 */
export async function openDump(db: Database, options: OpenDumpOptions): Promise<DumpSource> {
  if (options.source === 'replication') return openReplication(db, options);
  if (options.source === 'bgsave') return openBgsave(db, await locateDump(db, options.dataFolder), options);
  const path = await findReadableDump(db, options.dataFolder);
  if (path) {
    try {
      return await openBgsave(db, path, options);
    } catch (error) {
      if (!isForReplication(error)) throw error;
      options.log(`Taking the dump by replication: ${error.message}`);
      return openReplication(db, options);
    }
  }
  options.log('Taking the dump by replication: the data folder of FalkorDB is not readable here.');
  return openReplication(db, options);
}

async function findReadableDump(db: Database, dataFolder: string | undefined): Promise<string | undefined> {
  try {
    const path = await locateDump(db, dataFolder);
    await access(dirname(path), constants.R_OK | constants.X_OK);
    return path;
  } catch (error) {
    const isRefused = error instanceof BackupError && error.code.startsWith('database-') && !error.retryable;
    const isSystemError = error instanceof Error && 'syscall' in error;
    if (isRefused || isSystemError) return undefined;
    throw error;
  }
}
