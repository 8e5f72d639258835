import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { MomentaryMaster } from './master/momentary-master.ts';

const LIMITS = {
  /** Clients wait meanwhile rather than being refused. It ends by itself where this process does. */
  pauseMs: 90_000,
  /** For the queries that are under way. */
  drainMs: 30_000,
  /** For FalkorDB to reach one address of the master. */
  connectMs: 10_000,
};
const POLL_MS = 50;

export interface HostAndPort {
  host: string;
  port: number;
}

export interface FreezeOptions {
  master: MomentaryMaster;
  /** Where FalkorDB may reach the master, in order of promise. */
  addresses: HostAndPort[];
  /** Called before FalkorDB is told to replicate from there. */
  beforeReplication: (address: HostAndPort) => Promise<void>;
  limits?: Partial<typeof LIMITS>;
  signal: AbortSignal;
}

/**
 * Makes FalkorDB a replica of `master` that keeps its data: no write is acknowledged from here on, and none is under
 * way. Clients that write are held up while that happens, then refused (READONLY).
 * @throws database-busy where a query does not end, database-unreachable where FalkorDB reaches none of the addresses
 */
export async function freeze(db: Database, options: FreezeOptions): Promise<void> {
  const { master, addresses, beforeReplication, signal } = options;
  const limits = { ...LIMITS, ...options.limits };
  try {
    let pausedUntil = await pauseWrites(db, limits, signal);
    for (const address of addresses) {
      signal.throwIfAborted();
      await beforeReplication(address);
      // That may have taken its time, and a pause that ends lets writes begin that REPLICAOF would cut off.
      if (performance.now() > pausedUntil - limits.connectMs) pausedUntil = await pauseWrites(db, limits, signal);
      // A new one after each REPLICAOF NO ONE.
      const { id } = (await db.info()).replication;
      const held = master.hold(id);
      await db.call('REPLICAOF', address.host, address.port);
      if (await isInTime(held, db, limits.connectMs, signal)) return;
      await db.call('REPLICAOF', 'NO', 'ONE');
    }
  } finally {
    await db.call('CLIENT', 'UNPAUSE');
  }
  throw notReached(db, addresses);
}

/** @returns until when no write begins, by this process's clock */
async function pauseWrites(db: Database, { pauseMs, drainMs }: typeof LIMITS, signal: AbortSignal): Promise<number> {
  const pausedAt = performance.now();
  await db.call('CLIENT', 'PAUSE', pauseMs, 'WRITE');
  await untilQueriesEnded(db, drainMs, signal);
  return pausedAt + pauseMs;
}

/**
 * Redis answers the clients of queries that are under way with an error when it becomes a replica, but FalkorDB's threads
 * would go on, and write into what nobody may write to any more.
 */
async function untilQueriesEnded(db: Database, drainMs: number, signal: AbortSignal): Promise<void> {
  const pausedAt = await db.unixSeconds();
  const deadline = performance.now() + drainMs;
  for (;;) {
    const started = receivedTimes(await db.call('GRAPH.INFO'));
    if (started.every((time) => time > pausedAt)) return;
    if (performance.now() > deadline) throw doesNotEnd(db, pausedAt - Math.min(...started));
    await setTimeout(POLL_MS, undefined, { signal });
  }
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
  const waiting = new AbortController();
  const late = setTimeout(connectMs, false, { signal: AbortSignal.any([waiting.signal, signal]) });
  const isHeld = await Promise.race([held.then(() => true), late]).finally(() => waiting.abort());
  while (isHeld && performance.now() < deadline) {
    if ((await db.info()).masterLinkUp) return true;
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
