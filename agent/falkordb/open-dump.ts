import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import { locateDump, openBgsave } from './bgsave-source.ts';
import type { Database } from './database.ts';
import type { DumpOptions, DumpSource } from './dump-source.ts';
import { openReplication } from './replication-source.ts';

export type SourceSetting = 'auto' | 'bgsave' | 'replication';

export interface OpenDumpOptions extends DumpOptions {
  source: SourceSetting;
  /** The server's data folder, where it has another path here than the server says. */
  dataFolder: string | undefined;
  log: (message: string) => void;
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
      // The second where there is no room for a dump file: replication needs none.
      if (!hasCode(error, 'dump-not-ours') && !hasCode(error, 'database-unsuitable')) throw error;
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
