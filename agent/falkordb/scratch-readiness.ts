import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { BackupError } from '../../core/model/errors.ts';
import { FROZEN_AFTER_MS, throwOnceFrozen } from './frozen-server.ts';
import { parseInfo } from './server-info.ts';
import type { ServerLog } from './server-log.ts';
import type { Supervised } from './supervisor.ts';

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 25;
const LOOK_MS = 500;

export interface StartingServer {
  host: string;
  port: number;
  password: string | undefined;
  configFile: string;
  readLog: () => ServerLog;
  /** By which to see whether it is frozen; undefined where its process cannot be seen. */
  logFile: string | undefined;
  /** FROZEN_AFTER_MS by default. */
  frozenAfterMs: number | undefined;
  /** READY_TIMEOUT_MS by default. */
  timeoutMs: number | undefined;
  /** What it loads, for messages. */
  dataName: string;
  onLoading: (done: number, total: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Waits until the server has loaded its data.
 * @returns the process id of redis-server.
 * @throws engine-missing, with the end of the server's log, where it does not start; integrity (`UnloadableError`) where
 * it gave up loading its data; no-room, database-failed where it vanished while loading; deadline; `signal`'s reason;
 * FrozenServerError where another start may help
 */
export async function untilReady(server: Supervised, starting: StartingServer): Promise<number> {
  const { host, port, password, readLog, logFile, dataName, signal } = starting;
  const { timeoutMs = READY_TIMEOUT_MS, frozenAfterMs = FROZEN_AFTER_MS } = starting;
  const client = new Redis({
    host,
    port,
    ...(password === undefined ? {} : { password }),
    retryStrategy: () => READY_POLL_MS,
    maxLoadingRetryTime: READY_POLL_MS,
  });
  let lastError = '';
  client.on('error', (error: Error) => {
    lastError = error.message;
  });
  const waiting = new AbortController();
  const within = signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal;
  try {
    const ready = new Promise<void>((resolve) => client.once('ready', () => resolve()));
    const { info, failure } = await Promise.race([
      ready.then(async () => ({ info: await client.info(), failure: undefined })),
      server.ended.then(() => ({ info: '', failure: 'it ended by itself' })),
      untilFailed(readLog, within).then((failure) => ({ info: '', failure })),
      reportLoading(client, starting, within),
      ...(logFile === undefined ? [] : [throwOnceFrozen(logFile, frozenAfterMs, within)]),
      setTimeout(timeoutMs, undefined, { signal: within }).then(() => ({ info: '', failure: 'too late' })),
    ]);
    if (failure === 'too late') throw tooLate(readLog(), starting, timeoutMs, lastError);
    if (failure !== undefined) throw readLog().explain(failure, dataName);
    if (/^config_file:(.*?)\r?$/m.exec(info)?.[1] !== starting.configFile) {
      throw new BackupError('engine-missing', `Address already in use by another server: ${host}:${port}`);
    }
    return Number(/^process_id:(\d+)/m.exec(info)?.[1]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    waiting.abort();
    client.disconnect();
  }
}

/** A server may hang for good in its crash report or in its look at a file it cannot load, so its end is not waited for. */
async function untilFailed(readLog: () => ServerLog, signal: AbortSignal): Promise<string> {
  for (;;) {
    await setTimeout(LOOK_MS, undefined, { signal });
    const log = readLog();
    if (log.hasCrashed) return 'it crashed';
    if (log.hasGivenUpLoading) return 'it gave up';
  }
}

/** An answer may take as long as the server takes for one graph; where there is none, others see why. */
async function reportLoading(client: Redis, { onLoading }: StartingServer, signal: AbortSignal): Promise<never> {
  for (;;) {
    await setTimeout(LOOK_MS, undefined, { signal });
    // Connected, but not ready.
    if (client.status !== 'connect') continue;
    const { loading, loadingBytes } = parseInfo(await client.info('persistence').catch(() => ''));
    if (loading) onLoading(loadingBytes.done, loadingBytes.total);
  }
}

function tooLate(log: ServerLog, { dataName }: StartingServer, timeoutMs: number, lastError: string): BackupError {
  const what = `not ready after ${timeoutMs} ms (${lastError || 'no answer'})`;
  if (!log.isLoading) return log.explain(what, dataName);
  return new BackupError('deadline', `The throw-away server was still loading ${dataName}: ${what}.`, {
    hint: 'Raise BACKUP_TIMEOUT_SECONDS, or verify it on a faster machine.',
  });
}
