import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LiveServer } from '../../support/live-server.ts';
import { storeUrlIn } from './store-url.ts';

const MAIN = new URL('../../../agent/main.ts', import.meta.url).pathname;
const STOP_MS = 20_000;

export const TOKEN = 'token-of-the-browser-tests';
/** The least that there is. */
export const REFRESH_SECONDS = 5;

/** No clock drives anything: a test says what happens when. */
export const NO_SCHEDULES = Object.fromEntries(
  ['SNAPSHOT', 'DAILY', 'WEEKLY', 'MONTHLY', 'PRUNE'].map((name) => [`BACKUP_SCHEDULE_${name}`, 'off']),
);

/** `falkordb-backup run` as a process of its own. */
export interface ServiceProcess extends AsyncDisposable {
  /** Of the dashboard. */
  url: string;
  /** May be called more than once. */
  stop(): Promise<void>;
}

/** @param folder for its store and state @param env settings besides those */
export async function startService(
  live: Pick<LiveServer, 'server'>,
  folder: string,
  env: Record<string, string> = NO_SCHEDULES,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [MAIN, 'run', '--json', '--listen', '127.0.0.1:0', '--log-level', 'debug'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TMPDIR: process.env.TMPDIR ?? '/tmp',
      FALKORDB_URL: live.server.url,
      BACKUP_STORE: storeUrlIn(folder),
      BACKUP_STATE_DIR: join(folder, 'state'),
      BACKUP_DASHBOARD_TOKEN: TOKEN,
      BACKUP_DASHBOARD_REFRESH_SECONDS: String(REFRESH_SECONDS),
      ...env,
    },
  });
  const closed = once(child, 'close');
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(killer);
  };
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), closed.then(() => [])]);
  if (typeof line !== 'string') throw new Error(`The service has ended: ${errors}`);
  return { url: JSON.parse(line).url, stop, [Symbol.asyncDispose]: stop };
}
