import { BackupError } from '../../core/model/errors.ts';
import { compareContents } from '../contents.ts';
import { describeAddress } from '../falkordb/address.ts';
import type { Database } from '../falkordb/database.ts';
import type { ServerInfo } from '../falkordb/server-info.ts';
import { hasOurMasterauth } from '../falkordb/set-free.ts';
import { refusesAllWrites } from '../falkordb/write-limits.ts';
import { compareHeld } from './compare-held.ts';
import type { Journal, JournalRecord } from './journal.ts';
import { type RecoverDeps, type Recovered, wayBack } from './recovered.ts';

/** @throws database-unsuitable where this is not the server that the journal is of, as far as can be told */
export function assertSameServer(db: Database, { runId }: ServerInfo, { path, record }: Journal): void {
  const { server } = record;
  const name = describeAddress(db.address);
  if (runId === server.runId || name === server.address) return;
  throw new BackupError(
    'database-unsuitable',
    `The journal ${path} is of FalkorDB at ${server.address}, FALKORDB_URL names ${name}: nothing was touched.`,
    { hint: `Set FALKORDB_URL to ${server.address}, or BACKUP_TARGET to the target that you mean.` },
  );
}

/** Nothing was left of the restore but what its files held: they are looked at, and nothing is done. */
export async function lookAfterRestart(
  db: Database,
  { replication }: ServerInfo,
  record: JournalRecord,
  deps: RecoverDeps,
): Promise<Recovered> {
  if (replication.master) {
    const { host, port } = replication.master;
    throw notAsLeft(db, `restarted during the restore, and replicates from ${host}:${port} by its config file`);
  }
  if (await hasOurMasterauth(db, record.masterauthSha256)) {
    throw notAsLeft(db, 'restarted during the restore, and has its masterauth in its config file');
  }
  if (await refusesAllWrites(db)) {
    throw notAsLeft(db, 'restarted during the restore, and has its min-replicas-to-write in its config file');
  }
  const restarted = {
    differences: [],
    couldNotCompare: false,
    notes: ['FalkorDB restarted during the restore and loaded its own files.'],
  };
  // It was never sent anything else, or its files held the backup before anybody could write to it again.
  if (record.streams.length === 0) return { ...restarted, holds: 'old data' };
  if (record.isDurable) return { ...restarted, holds: 'backup' };
  const { contents, couldNotCompare, notes } = await compareHeld(db, null, deps);
  const isOld = contents && record.old && compareContents(record.old, contents).length === 0;
  const isNew = contents && record.expected && compareContents(record.expected, contents).length === 0;
  if (isOld || isNew) return { ...restarted, holds: isOld ? 'old data' : 'backup' };
  return { holds: 'unknown', differences: [], couldNotCompare, notes: [...restarted.notes, ...notes, wayBack(record)] };
}

export function notAsLeft(db: Database, what: string): BackupError {
  return new BackupError('database-unsuitable', `FalkorDB at ${db.name} ${what}: nothing was touched.`, {
    hint: 'See what it holds. To set it free by hand: REPLICAOF NO ONE, CONFIG SET masterauth "", CONFIG SET min-replicas-to-write 0, and CONFIG REWRITE if it has a config file; then delete the file that BACKUP_STATE_DIR holds for it (docs/restore.md).',
  });
}
