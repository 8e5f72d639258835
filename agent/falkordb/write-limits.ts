import type { Database } from './database.ts';
import { type Findings, ifAllowed, NOTHING, refuse } from './restore-checks/findings.ts';

/** The settings by which a master refuses writes (NOREPLICAS), as the server has them. */
export type WriteLimits = Record<string, string>;

/** Nobody has as many replicas; a lag of 0 would switch the limit off. */
const REFUSE_ALL: WriteLimits = { 'min-replicas-to-write': '2000000000', 'min-replicas-max-lag': '10' };

/** @throws database-* */
export async function readWriteLimits(db: Database): Promise<WriteLimits> {
  const found = await db.config('min-replicas-*');
  return Object.fromEntries(Object.keys(REFUSE_ALL).map((name) => [name, found.get(name) ?? '0']));
}

/**
 * Makes a master refuse every write that has not begun yet, at once; those that have begun go on.
 *
 * CLIENT PAUSE must not be used for that: a write that is under way in one of FalkorDB's threads is passed on to the AOF
 * and the replicas when it ends, and Redis 8.2.3 ends with a failed assertion if it is paused then (propagateNow in
 * server.c; seen at once with AOF on, and with a replication backlog).
 */
export async function refuseWrites(db: Database): Promise<void> {
  await set(db, REFUSE_ALL);
}

/** Puts back what the server had, where it refuses all writes. May be called again. */
export async function acceptWrites(db: Database, own: WriteLimits): Promise<void> {
  if (await refusesAllWrites(db)) await set(db, own);
}

export async function refusesAllWrites(db: Database): Promise<boolean> {
  const name = 'min-replicas-to-write';
  return (await readWriteLimits(db))[name] === REFUSE_ALL[name];
}

/** A restore would take that limit for the server's own, and put it back at its end. Asks nothing where CONFIG is denied. */
export async function checkWriteLimits(db: Database): Promise<Findings> {
  if (!(await ifAllowed(refusesAllWrites(db)))) return NOTHING;
  return refuse(
    'database-unsuitable',
    `FalkorDB at ${db.name} refuses all writes, as a restore tells it to for the moment (min-replicas-to-write ${REFUSE_ALL['min-replicas-to-write']}).`,
    'A restore was interrupted: run "falkordb-backup restore --recover" on the host where it ran, or by hand CONFIG SET min-replicas-to-write 0.',
  );
}

async function set(db: Database, limits: WriteLimits): Promise<void> {
  await db.call('CONFIG', 'SET', ...Object.entries(limits).flat());
}
