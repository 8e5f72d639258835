import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { MomentaryMaster } from './master/momentary-master.ts';
import { acceptWrites, readWriteLimits, refuseWrites, type WriteLimits } from './write-limits.ts';

const LIMITS = {
  /** For the queries that are under way. */
  drainMs: 30_000,
  /** For FalkorDB to reach one address of the master. */
  connectMs: 10_000,
};
const POLL_MS = 50;
const QUIET_LOOKS = 2;

export interface HostAndPort {
  host: string;
  port: number;
}

export interface FreezeOptions {
  master: MomentaryMaster;
  /** Where FalkorDB may reach the master, in order of promise. */
  addresses: HostAndPort[];
  /** Called before FalkorDB is told to refuse writes, with the settings that are to be put back. */
  beforeRefusal?: (own: WriteLimits) => Promise<void>;
  /** Called before FalkorDB is told to replicate from there. */
  beforeReplication: (address: HostAndPort) => Promise<void>;
  limits?: Partial<typeof LIMITS>;
  signal: AbortSignal;
}

/**
 * Makes FalkorDB a replica of `master` that keeps its data: no write is acknowledged from here on, and none is under
 * way. Those that have begun end first; clients that begin one are refused, with NOREPLICAS at first, then READONLY.
 * @throws database-busy where a query does not end, database-unreachable where FalkorDB reaches none of the addresses
 */
export async function freeze(db: Database, options: FreezeOptions): Promise<void> {
  const { master, addresses, beforeReplication, signal } = options;
  const limits = { ...LIMITS, ...options.limits };
  const own = await readWriteLimits(db);
  await options.beforeRefusal?.(own);
  try {
    await refuseWrites(db);
    await untilQueriesEnded(db, limits.drainMs, signal);
    for (const address of addresses) {
      signal.throwIfAborted();
      await beforeReplication(address);
      // A new one after each REPLICAOF NO ONE.
      const { id } = (await db.info()).replication;
      const held = master.hold(id);
      await db.call('REPLICAOF', address.host, address.port);
      if (await isInTime(held, db, limits.connectMs, signal)) return;
      await db.call('REPLICAOF', 'NO', 'ONE');
    }
  } finally {
    await acceptWrites(db, own);
  }
  throw notReached(db, addresses);
}

/**
 * Redis answers the clients of queries that are under way with an error when it becomes a replica, but FalkorDB's threads
 * would go on, and write into what nobody may write to any more.
 */
async function untilQueriesEnded(db: Database, drainMs: number, signal: AbortSignal): Promise<void> {
  const refusedAt = await db.unixSeconds();
  const deadline = performance.now() + drainMs;
  // Between waiting and running a query is in neither list: one look does not see it.
  for (let quietLooks = 0; ; ) {
    const started = receivedTimes(await db.call('GRAPH.INFO'));
    const isQuiet = started.every((time) => time > refusedAt) && !isCopying(String(await db.call('CLIENT', 'LIST')));
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    if (quietLooks === QUIET_LOOKS) return;
    if (quietLooks === 0 && performance.now() > deadline)
      throw doesNotEnd(db, started.length > 0 ? refusedAt - Math.min(...started) : 0);
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** GRAPH.INFO does not know of GRAPH.COPY, which ends by writing the copy; its client is blocked (b) meanwhile. */
export function isCopying(clients: string): boolean {
  return clients.split('\n').some((line) => /(?:^| )flags=\S*b/.test(line) && / cmd=graph\.copy(?: |$)/i.test(line));
}

/** Unix seconds of when each query was received that runs or waits: the lists are headings, each followed by its entries. */
export function receivedTimes(reply: unknown): number[] {
  const sections = Array.isArray(reply) ? reply : [];
  const lists = sections.filter((_, index) => /queries$/i.test(String(sections[index - 1])));
  const entries: unknown[] = lists.flat();
  return entries.map((entry) => {
    const fields = Array.isArray(entry) ? entry : [];
    return Number(fields[fields.indexOf('Received at') + 1]);
  });
}

/** False where FalkorDB has not connected, or does not say yet that its link is up. */
async function isInTime(held: Promise<void>, db: Database, connectMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + connectMs;
  let isHeld = false;
  void held.then(() => {
    isHeld = true;
  });
  while (performance.now() < deadline) {
    // Asked also before it has connected: one that has ended never will.
    const { masterLinkUp } = await db.info();
    if (isHeld && masterLinkUp) return true;
    await setTimeout(POLL_MS, undefined, { signal });
  }
  return false;
}

function doesNotEnd(db: Database, seconds: number): BackupError {
  return new BackupError(
    'database-busy',
    `A query has been running for ${seconds} s on FalkorDB at ${db.name}; nothing was changed.`,
    { hint: 'Wait until it has ended (GRAPH.INFO shows it), or end its client, and try again.', retryable: true },
  );
}

function notReached(db: Database, addresses: HostAndPort[]): BackupError {
  const tried = addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  return new BackupError(
    'database-unreachable',
    `FalkorDB at ${db.name} could not connect to this agent at ${tried}; nothing was changed.`,
    { hint: "Say with --advertise host:port under which address it can. FalkorDB's log says what went wrong." },
  );
}
