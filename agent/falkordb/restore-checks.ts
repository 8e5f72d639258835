import type { Database } from './database.ts';
import { checkDisk } from './restore-checks/disk-room.ts';
import { type Findings, ifAllowed, merge, NOTHING, type RestoreSubject, refuse } from './restore-checks/findings.ts';
import { checkMemory } from './restore-checks/memory-room.ts';
import { checkReplicaSettings } from './restore-checks/replica-settings.ts';
import { checkRights } from './restore-checks/rights.ts';
import { checkFalkordbVersion, checkRdbVersion } from './restore-checks/versions.ts';
import type { ServerInfo } from './server-info.ts';

export type { Findings, RestoreSubject } from './restore-checks/findings.ts';

/** Every Sentinel subscribes to it on each server that it watches. */
const SENTINEL_CHANNEL = '__sentinel__:hello';

export interface RestoreCheckOptions {
  /** The server's data folder where it has another path here. */
  dataFolder: string | undefined;
  /** True to try a backup of a newer engine all the same. */
  allowNewerEngine: boolean;
  /** Whether this agent has a certificate to show as a master. */
  replicationTls: boolean;
}

/**
 * Everything for which a restore into this server would fail or do harm, all at once; it changes nothing there.
 * @throws database-unreachable, and what else keeps the server from being asked
 */
export async function findRefusals(
  db: Database,
  info: ServerInfo,
  subject: RestoreSubject,
  options: RestoreCheckOptions,
): Promise<Findings> {
  // It knows none of the commands by which the rest is asked.
  if (info.mode === 'sentinel') return isSentinel(db);
  return merge([
    checkKind(db, info),
    checkRole(db, info),
    options.allowNewerEngine ? NOTHING : checkFalkordbVersion(db.name, info, subject),
    // A dump of a newer format empties the server before it is refused: nobody can want that.
    checkRdbVersion(db.name, info, subject),
    await checkSentinels(db),
    await checkReplicaSettings(db, options.replicationTls),
    // A server that loads takes no new connection to try them on.
    info.loading ? NOTHING : await checkRights(db, info),
    await checkDisk(db, info.aof.enabled, subject, options.dataFolder),
    await checkMemory(db, info, subject),
  ]);
}

function isSentinel(db: Database): Findings {
  return refuse(
    'database-unsuitable',
    `The server at ${db.name} is a Sentinel.`,
    'Point FALKORDB_URL at the FalkorDB itself.',
  );
}

function checkKind(db: Database, info: ServerInfo): Findings {
  const findings: Findings[] = [];
  if (info.mode === 'cluster') {
    findings.push(
      refuse(
        'database-unsuitable',
        `The server at ${db.name} is one node of a cluster, which cannot be made a replica of another.`,
        'Restore into a FalkorDB that is not in a cluster, or fetch the file and start one from it.',
      ),
    );
  }
  if (info.falkordbVersion === undefined) {
    findings.push(
      refuse(
        'database-unsuitable',
        `The server at ${db.name} is a Redis ${info.redisVersion} without the FalkorDB module.`,
        'Check host and port in FALKORDB_URL; a FalkorDB lists "graph" in MODULE LIST.',
      ),
    );
  }
  if (info.loading) {
    findings.push(
      refuse(
        'database-busy',
        `FalkorDB at ${db.name} is still loading its data.`,
        'Try again when it has loaded; INFO persistence shows how far it is.',
        true,
      ),
    );
  }
  return merge(findings);
}

function checkRole(db: Database, { role, masterLinkUp, replication: { master } }: ServerInfo): Findings {
  if (role !== 'slave') return NOTHING;
  const name = master === undefined ? 'another server' : `${master.host}:${master.port}`;
  if (masterLinkUp) {
    return refuse(
      'database-unsuitable',
      `FalkorDB at ${db.name} is a replica of ${name}.`,
      'Restore into that master, which passes the data on; or make this one a master first (REPLICAOF NO ONE).',
    );
  }
  return refuse(
    'database-unsuitable',
    `FalkorDB at ${db.name} is a replica of ${name}, without a connection to it.`,
    'If a restore was interrupted, run "falkordb-backup restore --recover" on the host where it ran, or by hand REPLICAOF NO ONE and CONFIG SET masterauth ""; else restore into that master.',
  );
}

async function checkSentinels(db: Database): Promise<Findings> {
  const reply = await ifAllowed(db.call('PUBSUB', 'NUMSUB', SENTINEL_CHANNEL));
  const sentinels = Number(Array.isArray(reply) ? reply[1] : 0);
  if (sentinels === 0) return NOTHING;
  return refuse(
    'database-unsuitable',
    `FalkorDB at ${db.name} is watched by ${sentinels} Sentinel${sentinels === 1 ? '' : 's'}, which would take its restore for a failure and promote a replica with the old data.`,
    'Run SENTINEL REMOVE for it on every Sentinel, and SENTINEL MONITOR afterwards; or fetch the file and start a server from it.',
  );
}
