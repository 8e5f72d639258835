import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../core/model/errors.ts';
import { type Engine, resolveEngine } from './engine.ts';
import { FrozenServerError, frozeEachTime } from './frozen-server.ts';
import { untilReady } from './scratch-readiness.ts';
import { ServerLog } from './server-log.ts';
import { type Supervised, supervise } from './supervisor.ts';

const HOST = '127.0.0.1';
const STOP_TIMEOUT_MS = 30_000;
/** Another process may take the free port before the server does. */
const PORT_ATTEMPTS = 5;
/** A freeze is rare chance (see frozen-server.ts): several in a row are something else. */
const FROZEN_STARTS = 3;
const PORT_TAKEN = /address already in use|port is already allocated/i;

export interface ScratchOptions {
  /** By default whatever `resolveEngine` finds. */
  engine?: Engine;
  /** Data folder that is kept; without it the data is in a temporary folder that goes with the server. */
  folder?: string;
  /** redis.conf directives; they win over the defaults, but not over what the start itself depends on. */
  config?: Record<string, string>;
  password?: string;
  /** False starts a plain Redis, without the FalkorDB module. */
  module?: boolean;
  /** Covers the loading of a dump too; one minute by default. As long again where a frozen server was replaced. */
  readyTimeoutMs?: number;
  /** A server that sleeps for so long without using the CPU while it starts or loads is replaced; 15 s by default. */
  frozenAfterMs?: number;
  /** Where its temporary folder is made: by default the system's own place for those. */
  parent?: string;
  /** What is in `folder`, for messages. */
  dataName?: string;
  /** Bytes of the dump that it is loading. */
  onLoading?: (done: number, total: number) => void;
  /** Ends the server, and the wait for it. */
  signal?: AbortSignal;
  log?: (message: string) => void;
}

export interface ScratchServer extends AsyncDisposable {
  /** `redis://` address, with the password where there is one. */
  url: string;
  host: string;
  port: number;
  /** The data folder, absolute. */
  folder: string;
  /** The redis-server process itself. */
  pid: number;
  /** Fulfilled once the server has ended, however it did, and its temporary files are gone. */
  ended: Promise<void>;
  /** What it has written so far, also when it has ended. */
  readLog(): ServerLog;
  /** Kills the server without a save and waits until its temporary files are gone. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a throw-away server that answers on 127.0.0.1 only and saves nothing unless `config` says so. Neither a
 * process nor a temporary file stays behind, even when this process is killed with -9.
 * @throws engine-missing where no engine is found, or with the server's last words where it does not start; integrity
 * (`UnloadableError`), no-room, database-failed or deadline where it does not load what is in `folder`; database-failed
 * where it froze each time; `signal`'s reason
 */
export async function startScratch(options: ScratchOptions = {}): Promise<ScratchServer> {
  const engine = options.engine ?? (await resolveEngine(options.log));
  for (let start = 1; ; start++) {
    try {
      return await launchOnFreePort(engine, options);
    } catch (error) {
      if (!(error instanceof FrozenServerError)) throw error;
      const { dataName = options.folder, log = () => {} } = options;
      const what = dataName === undefined ? 'while starting' : `while loading ${dataName}`;
      if (start === FROZEN_STARTS) throw frozeEachTime(start, what);
      log(`${error.message} ${what}: starting another one`);
    }
  }
}

async function launchOnFreePort(engine: Engine, options: ScratchOptions): Promise<ScratchServer> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await launch(engine, options);
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !(error instanceof Error && PORT_TAKEN.test(error.message))) throw error;
    }
  }
}

async function launch(engine: Engine, options: ScratchOptions): Promise<ScratchServer> {
  const { password } = options;
  const port = await findFreePort();
  const home = await mkdtemp(resolve(options.parent ?? tmpdir(), 'falkordb-scratch-'));
  const folder = resolve(options.folder ?? join(home, 'data'));
  await mkdir(folder, { recursive: true });
  const configFile = join(home, 'redis.conf');
  const directives = {
    save: '',
    ...options.config,
    ...(options.module === false ? {} : { loadmodule: engine.modulePath }),
    ...(password === undefined ? {} : { requirepass: password }),
    bind: engine.bindAddress,
    'protected-mode': 'no',
    port: String(port),
    dir: folder,
  };
  await writeFile(configFile, redisConf(directives), { mode: 0o600 });
  // Read back through its descriptor, because the file is removed together with the server.
  const logFile = join(home, 'server.log');
  const log = openSync(logFile, 'ax+', 0o600);
  const name = basename(home);
  const command = engine.command({
    name,
    folders: options.folder === undefined ? [home] : [home, folder],
    configFile,
    port,
  });
  const container = engine.isContainer ? name : undefined;
  const server = supervise(command, { folder: home, container, log: logFile });
  let lastLog: ServerLog | undefined;
  void server.ended.then(() => {
    lastLog = ServerLog.read(log);
    closeSync(log);
  });
  const readLog = () => lastLog ?? ServerLog.read(log);
  const stop = () => end(server, port);
  try {
    const { readyTimeoutMs: timeoutMs, frozenAfterMs, dataName = folder, onLoading = () => {}, signal } = options;
    const pid = await untilReady(server, {
      ...{ host: HOST, port, password, configFile, timeoutMs, dataName, onLoading, signal, readLog, frozenAfterMs },
      // In a container, the process may be another machine's.
      logFile: engine.isContainer ? undefined : logFile,
    });
    const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    const url = `redis://${user}${HOST}:${port}`;
    return { url, host: HOST, port, folder, pid, ended: server.ended, readLog, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(server: Supervised, port: number): Promise<void> {
  server.kill();
  const waiting = new AbortController();
  const late = setTimeout(STOP_TIMEOUT_MS, 'late' as const, { signal: waiting.signal });
  const outcome = await Promise.race([server.ended, late]).finally(() => waiting.abort());
  if (outcome === 'late') {
    throw new BackupError('deadline', `The throw-away server on port ${port} did not end in ${STOP_TIMEOUT_MS} ms`, {
      hint: 'See whether its process hangs on a file system that does not answer.',
    });
  }
}

function redisConf(directives: Record<string, string>): string {
  const escaped = (value: string) => value.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
  return Object.entries(directives)
    .map(([name, value]) => `${name} "${escaped(value)}"\n`)
    .join('');
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, HOST, resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
