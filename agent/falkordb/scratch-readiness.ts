import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { BackupError } from '../../core/model/errors.ts';
import type { Supervised } from './supervisor.ts';

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 25;
const LOG_TAIL_BYTES = 4_000;
const LOG_TAIL_LINES = 12;

export interface StartingServer {
  host: string;
  port: number;
  password: string | undefined;
  configFile: string;
  log: FileHandle;
  /** READY_TIMEOUT_MS by default. */
  timeoutMs: number | undefined;
}

/**
 * Waits until the server has loaded its data.
 * @returns the process id of redis-server.
 * @throws BackupError `engine-missing`, with the end of the server's log, where it ends or is not ready in time.
 */
export async function untilReady(server: Supervised, starting: StartingServer): Promise<number> {
  const { host, port, password, timeoutMs = READY_TIMEOUT_MS } = starting;
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
  try {
    const ready = new Promise<void>((resolve) => client.once('ready', () => resolve()));
    const { info, failure } = await Promise.race([
      ready.then(async () => ({ info: await client.info(), failure: undefined })),
      server.ended.then(() => ({ info: '', failure: 'it ended by itself' })),
      setTimeout(timeoutMs, undefined, { signal: waiting.signal }).then(() => ({
        info: '',
        failure: `not ready after ${timeoutMs} ms (${lastError || 'no answer'})`,
      })),
    ]);
    if (failure !== undefined) throw await notStarted(failure, starting.log);
    if (/^config_file:(.*?)\r?$/m.exec(info)?.[1] !== starting.configFile) {
      throw new BackupError('engine-missing', `Address already in use by another server: ${host}:${port}`);
    }
    return Number(/^process_id:(\d+)/m.exec(info)?.[1]);
  } finally {
    waiting.abort();
    client.disconnect();
  }
}

async function notStarted(reason: string, log: FileHandle): Promise<BackupError> {
  const { size } = await log.stat();
  const { buffer, bytesRead } = await log.read(Buffer.alloc(LOG_TAIL_BYTES), {
    position: Math.max(0, size - LOG_TAIL_BYTES),
  });
  const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n');
  const tail = lines.slice(-LOG_TAIL_LINES).join('\n');
  return new BackupError(
    'engine-missing',
    `The throw-away server did not start: ${reason}. Its log ends with:\n${tail}`,
    {
      hint: "Act on the last lines of the server's log above.",
    },
  );
}
