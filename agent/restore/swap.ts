import { randomBytes } from 'node:crypto';
import { BackupError } from '../../core/model/errors.ts';
import type { Contents } from '../../core/model/verification.ts';
import type { Config } from '../config.ts';
import { readContents } from '../contents.ts';
import type { Database } from '../falkordb/database.ts';
import type { MomentaryMaster } from '../falkordb/master/momentary-master.ts';
import { untilAnswered } from '../falkordb/patience.ts';
import type { ServerInfo } from '../falkordb/server-info.ts';
import type { OnProgress } from '../progress.ts';
import type { Journal, JournalRecord } from './journal.ts';

/** How long a server may take to begin to load after it got the last bytes. */
const START_TIMEOUT_MS = 60_000;

export interface SwapRequest {
  name: string;
  holds: JournalRecord['streams'][number]['holds'];
  bytes: number;
  dump: AsyncIterable<Uint8Array>;
  /** Throwing here makes the server keep what it has. */
  beforeLastBytes: () => Promise<void>;
  /** Heeded until the last bytes are sent: from then on the server loads, and nothing brings back what it had. */
  signal: AbortSignal;
}

export interface SwapDeps {
  config: Config;
  master: MomentaryMaster;
  journal: Journal;
  onProgress: OnProgress;
  /** Of what cannot be interrupted. */
  afterwards: AbortSignal;
}

/**
 * Sends the frozen server what it is to hold instead; when it has the last bytes it begins to load.
 * @returns the history that the data belongs to, by which the server tells that it has loaded it
 * @throws integrity where the dump is not what it should be, store-*, lease-lost, database-unreachable
 */
export async function sendDump(request: SwapRequest, deps: SwapDeps): Promise<string> {
  const { journal, master, onProgress } = deps;
  const replicationId = randomBytes(20).toString('hex');
  // First: once the server has loaded it, this is how one tells.
  await journal.update({ streams: [...journal.record.streams, { replicationId, holds: request.holds }] });
  await master.synchronize({
    replicationId,
    sizeBytes: request.bytes,
    dump: request.dump,
    beforeLastBytes: request.beforeLastBytes,
    onSent: (done) => onProgress({ phase: 'restore', unit: 'bytes', done, total: request.bytes }),
    signal: request.signal,
  });
  return replicationId;
}

/** @throws database-failed where it restarts, or does not load; database-unreachable, deadline */
export async function untilLoaded(replicationId: string, name: string, deps: SwapDeps): Promise<void> {
  const { config, journal, master, onProgress, afterwards: signal } = deps;
  let idleSince = performance.now();
  await untilAnswered(config.falkordb, { seconds: config.timeoutSeconds, signal }, async (db) => {
    const info = await db.info();
    if (info.runId !== journal.record.server.runId) throw restarted(db, name);
    if (isLoaded(info, replicationId)) return true;
    const isBusy = info.loading || info.replication.syncInProgress;
    if (info.loading) onProgress({ phase: 'load', unit: 'bytes', ...info.loadingBytes });
    if (isBusy) idleSince = performance.now();
    if (master.isRefused && !isBusy) throw didNotLoad(db, name);
    if (performance.now() - idleSince > START_TIMEOUT_MS) throw didNotLoad(db, name);
    return undefined;
  });
}

function isLoaded({ loading, masterLinkUp, replication }: ServerInfo, replicationId: string): boolean {
  return !loading && masterLinkUp && replication.id === replicationId;
}

export function contentsOf(
  db: Database,
  { onProgress, afterwards }: Pick<SwapDeps, 'onProgress' | 'afterwards'>,
): Promise<Contents> {
  return readContents(db, {
    onProgress: (done, total) => onProgress({ phase: 'compare', unit: 'graphs', done, total }),
    signal: afterwards,
  });
}

function restarted(db: Database, name: string): BackupError {
  // No reason to roll back: a server that restarted is no replica any more.
  return new BackupError('database-unreachable', `FalkorDB at ${db.name} restarted while it loaded ${name}.`, {
    hint: 'Its log says why. If it ends again and again, docs/restore.md says how to get it up.',
  });
}

function didNotLoad(db: Database, name: string): BackupError {
  return new BackupError('database-failed', `FalkorDB at ${db.name} was sent ${name}, but does not load it.`, {
    hint: 'Its log says why.',
  });
}
