import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { LiveServer } from './live-server.ts';

const MAIN = new URL('../../agent/main.ts', import.meta.url).pathname;

export interface AgentEnd {
  /** Null where a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The agent as a process of its own; killed, if it still runs, when it goes out of scope. */
export interface AgentProcess extends AsyncDisposable {
  process: ChildProcess;
  pid: number;
  /** Fulfilled once it has ended and has been reaped. */
  ended: Promise<AgentEnd>;
}

export interface AgentCall {
  store: string;
  scheduledFor: Date;
  runId: string;
  source: 'bgsave' | 'replication';
}

/** `falkordb-backup backup`. */
export function startAgent(live: LiveServer, call: AgentCall): Promise<AgentProcess> {
  const { store, scheduledFor, runId, source } = call;
  return startAgentProcess(['backup', '--json', '--scheduled-for', scheduledFor.toISOString(), '--run-id', runId], {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(store).href,
    BACKUP_SOURCE: source,
    BACKUP_COMPRESSION: 'none',
  });
}

/**
 * `falkordb-backup` with `args`, and no setting but `env`.
 * @param wrapper what to put before the command, to run it under something
 */
export async function startAgentProcess(
  args: string[],
  env: Record<string, string>,
  wrapper: string[] = [],
): Promise<AgentProcess> {
  const [file = '', ...words] = [...wrapper, process.execPath, MAIN, ...args];
  const child = spawn(file, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  const ended = Promise.all([once(child, 'close'), textOf(child.stdout), textOf(child.stderr)]).then(
    ([[exitCode, signal], stdout, stderr]): AgentEnd => ({ exitCode, signal, stdout, stderr }),
  );
  await once(child, 'spawn');
  return {
    process: child,
    pid: child.pid ?? 0,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** True once `moment` holds; false where the agent ended before. */
export async function reached(
  moment: () => boolean | Promise<boolean>,
  { ended }: Pick<AgentProcess, 'ended'>,
): Promise<boolean> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    if (await moment()) return true;
    await delay(1);
  }
  return moment();
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
