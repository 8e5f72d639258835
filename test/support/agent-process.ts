import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** `falkordb-backup backup` as a process of its own; killed, if it still runs, when it goes out of scope. */
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

export async function startAgent(live: LiveServer, call: AgentCall): Promise<AgentProcess> {
  const { store, scheduledFor, runId, source } = call;
  const args = ['backup', '--json', '--scheduled-for', scheduledFor.toISOString(), '--run-id', runId];
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      FALKORDB_URL: live.server.url,
      BACKUP_STORE: pathToFileURL(store).href,
      BACKUP_SOURCE: source,
      BACKUP_COMPRESSION: 'none',
    },
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

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
