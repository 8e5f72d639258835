import { BackupError } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { ServerInfo } from './server-info.ts';

export type SuitableServer = ServerInfo & { falkordbVersion: string };

/** @throws database-unsuitable, database-busy: a backup of this server would fail, or would not be worth having */
export async function preflight(db: Database): Promise<SuitableServer> {
  const info = await db.info();
  const { falkordbVersion } = info;
  const unsuitable = (what: string, hint: string) =>
    new BackupError('database-unsuitable', `The server at ${db.name} ${what}.`, { hint });
  if (info.mode === 'sentinel') {
    throw unsuitable('is a Sentinel', 'Point FALKORDB_URL at the FalkorDB itself.');
  }
  if (info.mode === 'cluster') {
    throw unsuitable(
      'is one node of a cluster',
      'A dump of it holds a part of the data only; clusters are not supported.',
    );
  }
  if (falkordbVersion === undefined) {
    throw unsuitable(
      `is a Redis ${info.redisVersion} without the FalkorDB module`,
      'Check host and port in FALKORDB_URL; a FalkorDB lists "graph" in MODULE LIST.',
    );
  }
  if (info.loading) {
    throw new BackupError('database-busy', `FalkorDB at ${db.name} is still loading its data.`, {
      hint: 'Try again when it has loaded; INFO persistence shows how far it is.',
      retryable: true,
    });
  }
  if (!info.masterLinkUp) {
    throw new BackupError('database-unsuitable', `FalkorDB at ${db.name} is a replica that has lost its master.`, {
      hint: 'Its data may be old: mend the replication, or back up the master.',
      retryable: true,
    });
  }
  return { ...info, falkordbVersion };
}
