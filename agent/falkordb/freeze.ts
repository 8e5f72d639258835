import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import type { MomentaryMaster } from './master/momentary-master.ts';

/** Clients wait meanwhile rather than being refused. It ends by itself where this process does. */
const PAUSE_MS = 90_000;
const DRAIN_TIMEOUT_MS = 30_000;
const DRAIN_POLL_MS = 50;
const CONNECT_TIMEOUT_MS = 10_000;

export interface HostAndPort {
  host: string;
  port: number;
}

export interface FreezeOptions {
  master: MomentaryMaster;
  /** Where FalkorDB may reach the master, in order of promise. */
  addresses: HostAndPort[];
  /** The history that its data belongs to. */
  replicationId: string;
  /** Called before FalkorDB is told to replicate from there. */
  beforeReplication: (address: HostAndPort) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Makes FalkorDB a replica of `master` that keeps its data: no write is acknowledged from here on, and none is under
 * way. Clients that write are held up while that happens, then refused (READONLY).
 * @throws database-busy where a query does not end, database-unreachable where FalkorDB reaches none of the addresses
 */
export async function freeze(db: Database, options: FreezeOptions): Promise<void> {
  await db.call('CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
  try {
    await untilQueriesEnded(db, options.signal);
    const held = options.master.hold(options.replicationId);
    for (const address of options.addresses) {
      options.signal.throwIfAborted();
      await options.beforeReplication(address);
      await db.call('REPLICAOF', address.host, address.port);
      if (await isInTime(held, options.signal)) return;
      await db.call('REPLICAOF', 'NO', 'ONE');
    }
  } finally {
    await db.call('CLIENT', 'UNPAUSE');
  }
  throw notReached(db, options.addresses);
}

/**
 * Redis answers the clients of queries that are under way with an error when it becomes a replica, but FalkorDB's threads
 * would go on, and write into what nobody may write to any more.
 */
async function untilQueriesEnded(db: Database, signal: AbortSignal): Promise<void> {
  const pausedAt = await db.unixSeconds();
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  for (;;) {
    const started = receivedTimes(await db.call('GRAPH.INFO'));
    if (started.every((time) => time > pausedAt)) return;
    if (performance.now() > deadline) throw doesNotEnd(db, pausedAt - Math.min(...started));
    await setTimeout(DRAIN_POLL_MS, undefined, { signal });
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

async function isInTime(held: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController();
  const late = setTimeout(CONNECT_TIMEOUT_MS, false, { signal: AbortSignal.any([waiting.signal, signal]) });
  return Promise.race([held.then(() => true), late]).finally(() => waiting.abort());
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
