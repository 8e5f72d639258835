import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import type { Config } from '../config.ts';
import { locateDump } from '../falkordb/bgsave-source.ts';
import { Database } from '../falkordb/database.ts';
import { assertRoomForDump } from '../falkordb/dump-room.ts';
import { preflight, type SuitableServer } from '../falkordb/preflight.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { checkGraphs } from './graph-check.ts';

const MAX_CLOCK_SKEW_SECONDS = 5;
/** A dump's last byte is written just before the save ends; a slow disk's fsync and rename come in between. */
const DUMP_AGE_SLACK_SECONDS = 60;

export async function checkDatabase(config: Config, now: () => Date): Promise<Finding[]> {
  try {
    using db = await Database.connect(config.falkordb);
    const info = await preflight(db);
    return [
      ok(
        'FalkorDB',
        `FalkorDB ${info.falkordbVersion} on Redis ${info.redisVersion} answers at ${db.name} (${info.role})`,
      ),
      clockFinding(await db.unixSeconds(), now()),
      ...(await persistenceFindings(db, info)),
      await checkGraphs(db),
      await dumpFinding(db, info, config),
    ];
  } catch (error) {
    return [problem('FalkorDB', error)];
  }
}

function clockFinding(serverSeconds: number, now: Date): Finding {
  const skewSeconds = Math.round(Math.abs(serverSeconds - now.getTime() / 1000));
  if (skewSeconds <= MAX_CLOCK_SKEW_SECONDS)
    return ok('FalkorDB clock', 'the clocks of this host and of FalkorDB agree');
  return warning(
    'FalkorDB clock',
    `the clocks of this host and of FalkorDB are ${skewSeconds} s apart`,
    'Run NTP on both hosts: the age of a backup is told by the time that FalkorDB stamps it with.',
  );
}

async function persistenceFindings(db: Database, { save }: SuitableServer): Promise<Finding[]> {
  if (!save.lastStatusOk) {
    const error = new BackupError('database-failed', "FalkorDB's last save failed; it may refuse writes.", {
      hint: 'Read its log: mostly its disk is full or vm.overcommit_memory is 0. Run BGSAVE once that is mended.',
    });
    return [problem('last save', error)];
  }
  const config = await readConfig(db);
  if (!config)
    return [warning('persistence', 'CONFIG GET is not allowed to this user', 'Allow it, so that doctor can tell.')];
  const hasPersistence = config.get('save') !== '' || config.get('appendonly') === 'yes';
  return [
    hasPersistence
      ? ok('persistence', 'FalkorDB saves its data by itself too')
      : warning(
          'persistence',
          'FalkorDB has neither save points nor an AOF',
          'A restart loses what was written since its last dump: set "save 3600 1" or "appendonly yes".',
        ),
    config.get('rdbchecksum') === 'no'
      ? warning(
          'checksum',
          'FalkorDB writes dumps without a checksum',
          'Set "rdbchecksum yes": damage before we read a dump shows only by it.',
        )
      : ok('checksum', 'FalkorDB writes dumps with a checksum'),
  ];
}

async function readConfig(db: Database): Promise<Map<string, string> | undefined> {
  try {
    return new Map([
      ...(await db.config('save')),
      ...(await db.config('appendonly')),
      ...(await db.config('rdbchecksum')),
    ]);
  } catch (error) {
    if (error instanceof BackupError && !error.retryable) return undefined;
    throw error;
  }
}

async function dumpFinding(db: Database, info: SuitableServer, { source, dataFolder }: Config): Promise<Finding> {
  if (source === 'replication') return ok('data folder', 'not needed: dumps are taken by replication');
  try {
    const path = await locateDump(db, dataFolder);
    await assertReadable(path);
    await assertRoomForDump(path);
    await assertCurrent(path, info);
    return ok('data folder', `dumps can be read from ${dirname(path)}`);
  } catch (error) {
    if (source === 'bgsave') return problem('data folder', error);
    const { message, fix } = problem('data folder', error);
    return warning('data folder', `${message} Dumps will be taken by replication.`, fix ?? '');
  }
}

async function assertReadable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.R_OK | constants.X_OK);
  } catch (cause) {
    throw new BackupError('dump-not-ours', `${dirname(path)} cannot be read here (${systemErrorCode(cause)}).`, {
      hint: "Mount FalkorDB's data folder (read-only is enough) and name it in FALKORDB_DATA_DIR.",
      cause,
    });
  }
}

/** A server that has saved since it started has left a file of that time where it says; another file is another's. */
async function assertCurrent(path: string, { save }: SuitableServer): Promise<void> {
  if (save.startedCount === 0 || save.running) return;
  const writtenAt = await modifiedSeconds(path);
  if (writtenAt !== undefined && Math.abs(writtenAt - save.lastSave) <= DUMP_AGE_SLACK_SECONDS) return;
  throw new BackupError('dump-not-ours', `${path} is not the dump that FalkorDB wrote at its last save.`, {
    hint: 'The mount is stale or that of another server: mount the right folder and name it in FALKORDB_DATA_DIR.',
  });
}

async function modifiedSeconds(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs / 1000;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
