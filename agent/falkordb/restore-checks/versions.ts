import { type Findings, NOTHING, note, type RestoreSubject, refuse } from './findings.ts';

/**
 * What a Redis writes, and the newest that it reads (rdbLoadRio in rdb.c): RDB_VERSION in rdb.h of its release branches
 * up to 7.4, 8.2.3 by a dump of its own, the others by what readers of RDB files say that they met.
 */
const RDB_VERSIONS: Record<string, number> = {
  '6.0': 9,
  '6.2': 9,
  '7.0': 10,
  '7.2': 11,
  '7.4': 12,
  '8.0': 12,
  '8.2': 12,
  '8.4': 12,
  '8.6': 13,
  '8.8': 14,
};

export interface ServerVersions {
  redisVersion: string;
  falkordbVersion: string | undefined;
}

/** Both encodings, of RDB files and of graphs within, only ever grow: the older engine refuses the newer's. */
export function checkFalkordbVersion(
  server: string,
  { falkordbVersion }: ServerVersions,
  { name, engine: { falkordb: writer } }: RestoreSubject,
): Findings {
  if (falkordbVersion === undefined) return NOTHING;
  const order = writer === null ? undefined : compareVersions(writer, falkordbVersion);
  if (order === undefined) {
    return note(
      `It is not known which FalkorDB wrote ${name}: whether FalkorDB ${falkordbVersion} can read it was not checked.`,
    );
  }
  if (order <= 0) return NOTHING;
  return refuse(
    'database-unsuitable',
    `${name} was written by FalkorDB ${writer}; the one at ${server} is ${falkordbVersion}, which may not read its graphs.`,
    `Upgrade that server to FalkorDB ${writer} or newer, or fetch the file and start such a server from it.`,
  );
}

export function checkRdbVersion(
  server: string,
  { redisVersion }: ServerVersions,
  { name, engine }: RestoreSubject,
): Findings {
  const order = engine.redis === null ? undefined : compareVersions(engine.redis, redisVersion);
  // Every Redis reads what it or an older one wrote, whatever the table says.
  if (order !== undefined && order <= 0) return NOTHING;
  const readable = newestRdbVersion(redisVersion);
  if (readable === undefined || engine.rdbVersion <= readable) return NOTHING;
  return refuse(
    'database-unsuitable',
    `${name} has RDB version ${engine.rdbVersion}; Redis ${redisVersion} at ${server} reads up to ${readable}.`,
    `Upgrade that server to ${engine.redis === null ? 'a newer Redis' : `Redis ${engine.redis} or newer`}, or fetch the file and start such a server from it.`,
  );
}

/** Undefined for a Redis that is not in the table. */
export function newestRdbVersion(redisVersion: string): number | undefined {
  return RDB_VERSIONS[redisVersion.split('.', 2).join('.')];
}

/** Above 0 where `a` is the newer one; undefined where one is no version. */
export function compareVersions(a: string, b: string): number | undefined {
  const [left, right] = [parts(a), parts(b)];
  if (!left || !right) return undefined;
  return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function parts(version: string): number[] | undefined {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
}
