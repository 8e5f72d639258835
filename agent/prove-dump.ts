import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { BackupError } from '../core/model/errors.ts';
import type { Contents } from '../core/model/verification.ts';
import type { Config } from './config.ts';
import { readContents } from './contents.ts';
import { parseAddress } from './falkordb/address.ts';
import { Database } from './falkordb/database.ts';
import { resolveEngine } from './falkordb/engine.ts';
import { untilIndexed } from './falkordb/index-readiness.ts';
import { compareVersions } from './falkordb/restore-checks/versions.ts';
import { type ScratchServer, startScratch } from './falkordb/scratch.ts';
import { type EngineVersions, UnloadableError } from './falkordb/server-log.ts';
import { supervise } from './falkordb/supervisor.ts';
import { observe } from './pipeline/observe.ts';
import type { OnProgress } from './progress.ts';
import { assertScratchRoom, explainScratchError } from './scratch-room.ts';

export interface ProvableDump {
  name: string;
  /** Of the plain RDB. */
  bytes: number;
  /** Of the server that it was taken from; null where that is not known. */
  usedMemoryBytes: number | null;
  /** Where it is known, an older throw-away server that cannot load it says nothing about it. */
  writtenBy?: EngineVersions;
  /** The plain RDB; it ends only after every check of its bytes has passed. */
  open(): AsyncIterable<Uint8Array>;
}

export interface ProveDeps {
  config: Pick<Config, 'scratchFolder' | 'timeoutSeconds'> & Partial<Pick<Config, 'engineFolder'>>;
  log: Logger;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export interface Proof {
  /** Of the throw-away server that loaded it. */
  engine: EngineVersions;
  contents: Contents;
  /** Of all databases. */
  keys: number;
  /** Until its indexes were built as well. */
  loadSeconds: number;
}

/**
 * Loads a dump into a throw-away FalkorDB and tells what that then holds. Neither a process nor the dump stays behind,
 * even when this process is killed with -9; an empty folder may, in the millisecond before its guard is there.
 * @throws integrity where the bytes are damaged, or (`UnloadableError`) FalkorDB cannot load them; no-room, engine-missing,
 * invalid-settings, database-failed, deadline, store-*, `signal`'s reason: these say nothing about the dump
 */
export async function prove(dump: ProvableDump, deps: ProveDeps): Promise<Proof> {
  const { scratchFolder, timeoutSeconds } = deps.config;
  await assertScratchRoom(dump, scratchFolder);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(outOfTime(dump, timeoutSeconds)), timeoutSeconds * 1000);
  const signal = AbortSignal.any([deps.signal, deadline.signal]);
  try {
    return await inPrivateFolder(scratchFolder, async (folder) => {
      await download(dump, folder, { ...deps, signal });
      return await load(dump, folder, { ...deps, signal });
    });
  } catch (error) {
    // What an abort makes of a stream or a timer is some AbortError; the reason is what happened.
    throw signal.aborted ? signal.reason : asOlderEngine(error, dump);
  } finally {
    clearTimeout(timer);
  }
}

/** The folder goes with this process, however that ends: it stands in for a server that its supervisor cleans up after. */
async function inPrivateFolder<T>(parent: string, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'falkordb-dump-')).catch((error: unknown) => {
    throw explainScratchError(error, parent);
  });
  const guard = supervise(['sleep', String(2 ** 31 - 1)], { folder, log: '/dev/null' });
  try {
    return await body(folder);
  } finally {
    guard.kill();
    await guard.ended;
    await rm(folder, { recursive: true, force: true });
  }
}

async function download(dump: ProvableDump, folder: string, { onProgress, signal }: ProveDeps): Promise<void> {
  let done = 0;
  const counted = observe(dump.open(), (chunk) => {
    done += chunk.length;
    onProgress({ phase: 'fetch', unit: 'bytes', done, total: dump.bytes });
  });
  try {
    await pipeline(counted, createWriteStream(join(folder, 'dump.rdb'), { flags: 'wx', mode: 0o600 }), { signal });
  } catch (error) {
    throw explainScratchError(error, folder);
  }
}

async function load(dump: ProvableDump, folder: string, deps: ProveDeps): Promise<Proof> {
  const { config, log, onProgress, signal } = deps;
  const engine = await resolveEngine((message) => log.info(message), config.engineFolder);
  const started = performance.now();
  await using server = await startScratch({
    engine,
    folder,
    parent: config.scratchFolder,
    password: randomBytes(32).toString('hex'),
    dataName: dump.name,
    // After a crash Redis would test all memory before it ends.
    config: { 'crash-memcheck-enabled': 'no' },
    readyTimeoutMs: config.timeoutSeconds * 1000,
    onLoading: (done, total) => onProgress({ phase: 'load', unit: 'bytes', done, total }),
    log: (message) => log.info(message),
    signal,
  });
  try {
    return await examine(server, started, deps);
  } catch (error) {
    signal.throwIfAborted();
    const serverLog = server.readLog();
    throw serverLog.hasCrashed ? serverLog.explain('it crashed when it had loaded it', dump.name) : error;
  }
}

async function examine({ url }: ScratchServer, started: number, { onProgress, signal }: ProveDeps): Promise<Proof> {
  const address = parseAddress(url);
  if (!address) throw new Error('The throw-away server has no address.');
  using db = await Database.connect(address);
  // First of all, because it notes queries in keys of its own.
  const { redisVersion, falkordbVersion = 'unknown', keys } = await db.info();
  await untilIndexed(db, {
    onProgress: (done, total) => onProgress({ phase: 'indexes', unit: 'indexes', done, total }),
    signal,
  });
  const loadSeconds = Math.round(performance.now() - started) / 1000;
  const contents = await readContents(db, {
    onProgress: (done, total) => onProgress({ phase: 'inventory', unit: 'graphs', done, total }),
    signal,
  });
  return { engine: { redis: redisVersion, falkordb: falkordbVersion }, contents, keys, loadSeconds };
}

function asOlderEngine(error: unknown, { name, writtenBy }: ProvableDump): unknown {
  if (!(error instanceof UnloadableError) || !writtenBy) return error;
  const { engine } = error;
  const isOlder = (writer: string, reader: string) => (compareVersions(writer, reader) ?? 0) > 0;
  if (!isOlder(writtenBy.falkordb, engine.falkordb) && !isOlder(writtenBy.redis, engine.redis)) return error;
  return new BackupError(
    'engine-missing',
    `${name} was written by FalkorDB ${writtenBy.falkordb} on Redis ${writtenBy.redis}, newer than the throw-away server. ${error.message}`,
    {
      hint: 'Verify it with an engine of the version that wrote it: this failure says nothing about the backup.',
      cause: error,
    },
  );
}

function outOfTime({ name }: ProvableDump, seconds: number): BackupError {
  return new BackupError('deadline', `Loading ${name} into a throw-away server took longer than ${seconds} s.`, {
    hint: 'Raise BACKUP_TIMEOUT_SECONDS, or verify it on a faster machine.',
    retryable: true,
  });
}
