import { BackupError } from '../../core/model/errors.ts';
import type { Database } from './database.ts';
import { type DumpOptions, type DumpSource, MAX_BYTES_PER_MEMORY } from './dump-source.ts';
import { ReplicaLink } from './replica-link.ts';
import { tooBusy, tooSlow, whenIdle } from './save.ts';
import { writeMarker } from './write-marker.ts';

const MARK_BYTES = 40;

/**
 * Asks for a full synchronisation as a replica would, and takes the dump from the stream: no file, no shared folder.
 * The server forks for it, and the fork lives until the last byte was taken.
 * @throws database-busy while other saves or AOF rewrites run, deadline where a save to a file takes too long, database-*
 */
export async function openReplication(db: Database, options: DumpOptions): Promise<DumpSource> {
  // A server that is saving to a file for another client like us would give us that dump, which is older than this call.
  const before = await whenIdle(db, options, async (save) => save);
  const link = await ReplicaLink.connect(db.address, options.signal);
  try {
    // Not counted as a replica, gets no writes after the dump, and is hung up on when it has it.
    await link.command('REPLCONF', 'rdb-only', '1');
    // Without this the server writes a file first, and sends that.
    await link.command('REPLCONF', 'capa', 'eof');
    await link.send('PSYNC', '?', '-1');
    const { timeouts } = options;
    const busy = () => tooBusy(db, 'another save or an AOF rewrite', timeouts);
    await link.within(timeouts.busySeconds, busy, () => readFullResync(link, db.name));
    const { usedMemoryBytes, save } = await db.info();
    // With repl-diskless-sync no it saves to a file, which counts as a save; only one runs at a time.
    const ownSaves = save.startedCount === before.startedCount ? 0 : 1;
    const markerAtFork = await writeMarker(db, { ownSaves });
    const slow = () => tooSlow(db, timeouts);
    const payload = await link.within(timeouts.saveSeconds, slow, () => readPayloadHeader(link, db.name));
    return {
      kind: 'replication',
      name: `the replication stream of ${db.name}`,
      bytes: 'mark' in payload ? untilMark(link, payload.mark) : exactly(link, payload.sizeBytes),
      maxBytes: 'mark' in payload ? MAX_BYTES_PER_MEMORY * usedMemoryBytes : payload.sizeBytes,
      written: Promise.resolve({
        sizeBytes: 'mark' in payload ? undefined : payload.sizeBytes,
        save: null,
        markerAtFork,
        at: performance.now(),
      }),
      close: async () => link.close(),
    };
  } catch (error) {
    link.close();
    throw error;
  }
}

async function readFullResync(link: ReplicaLink, server: string): Promise<void> {
  const line = await link.line();
  if (/^\+FULLRESYNC [0-9a-f]{40} \d+$/.test(line)) return;
  throw unknownAnswer(server, line);
}

/** `$EOF:<mark>` where the server streams what it saves, `$<size>` where it sends a file it has saved. */
async function readPayloadHeader(link: ReplicaLink, server: string): Promise<{ mark: Buffer } | { sizeBytes: number }> {
  const line = await link.line();
  const mark = /^\$EOF:([\x21-\x7e]{40})$/.exec(line)?.[1];
  if (mark) return { mark: Buffer.from(mark, 'latin1') };
  const size = /^\$(\d+)$/.exec(line)?.[1];
  if (size) return { sizeBytes: Number(size) };
  throw unknownAnswer(server, line);
}

/** The mark can only be the stream's last bytes, so those are held back, whatever they are. */
async function* untilMark(link: ReplicaLink, mark: Buffer): AsyncIterable<Uint8Array> {
  let held = Buffer.alloc(0);
  for await (const chunk of link.chunks()) {
    if (chunk.length < MARK_BYTES) {
      const joined = Buffer.concat([held, chunk]);
      if (joined.length > MARK_BYTES) yield joined.subarray(0, -MARK_BYTES);
      held = joined.subarray(-MARK_BYTES);
    } else {
      if (held.length > 0) yield held;
      if (chunk.length > MARK_BYTES) yield chunk.subarray(0, -MARK_BYTES);
      held = Buffer.from(chunk.subarray(-MARK_BYTES));
    }
    if (held.equals(mark)) return;
  }
  throw cutShort();
}

async function* exactly(link: ReplicaLink, sizeBytes: number): AsyncIterable<Uint8Array> {
  let left = sizeBytes;
  for await (const chunk of link.chunks()) {
    const wanted = chunk.subarray(0, left);
    left -= wanted.length;
    yield wanted;
    if (left === 0) return;
  }
  throw cutShort();
}

function unknownAnswer(server: string, line: string): BackupError {
  return new BackupError('database-failed', `FalkorDB at ${server} refused to replicate: ${line.slice(0, 200)}`, {
    hint: 'Use BACKUP_SOURCE=bgsave where the data folder can be mounted.',
  });
}

function cutShort(): BackupError {
  return new BackupError('database-unreachable', 'FalkorDB hung up in the middle of its dump.', {
    hint: 'Its log says why: its save failed, it was stopped, or the dump was taken more slowly than repl-timeout and client-output-buffer-limit allow.',
    retryable: true,
  });
}
