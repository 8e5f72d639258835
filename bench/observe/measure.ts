import { execa } from 'execa';
import type { Metrics } from './metrics.ts';
import { cpuSecondsOfEndedChildren } from './processes.ts';
import { ServerWatch } from './server-watch.ts';
import { TreeWatch } from './tree-watch.ts';

export interface CommandOptions {
  env?: Record<string, string>;
  signal: AbortSignal;
}

/** Runs a command to its end, and gives what it printed. @throws where it fails, with what it said */
export type RunCommand = (command: string[], options: CommandOptions) => Promise<string>;

export async function runCommand(command: string[], { env = {}, signal }: CommandOptions): Promise<string> {
  const [file = '', ...args] = command;
  const { stdout } = await execa(file, args, { ...isolated(env), cancelSignal: signal });
  return stdout;
}

/** Settings of ours, of restic or rclone that are set here are not those of the bench. */
function isolated(env: Record<string, string>) {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
  return { env: { PATH, HOME, TMPDIR, ...env }, extendEnv: false, stdin: 'ignore' } as const;
}

/**
 * Wall time of the body, CPU and peak memory of the commands that it runs by `run`, and what it did to the server.
 * Nothing else may start and end children of this process meanwhile: their CPU would count.
 * @param serverPid of the server that is worked on; undefined where the body replaces it
 */
export async function measure(
  serverPid: number | undefined,
  body: (run: RunCommand) => Promise<void>,
): Promise<Metrics> {
  const peaks = { own: 0, servers: 0 };
  const watched: RunCommand = async ([file = '', ...args], { env = {}, signal }) => {
    const child = execa(file, args, { ...isolated(env), cancelSignal: signal });
    const tree = child.pid === undefined ? undefined : new TreeWatch(child.pid);
    try {
      return (await child).stdout;
    } finally {
      const { own, servers } = (await tree?.stop()) ?? { own: 0, servers: 0 };
      peaks.own = Math.max(peaks.own, own);
      peaks.servers = Math.max(peaks.servers, servers);
    }
  };
  const server = serverPid === undefined ? undefined : await ServerWatch.start(serverPid);
  const cpuBefore = await cpuSecondsOfEndedChildren();
  const started = performance.now();
  try {
    await body(watched);
    const seconds = (performance.now() - started) / 1000;
    const cpuSeconds = (await cpuSecondsOfEndedChildren()) - cpuBefore;
    return {
      seconds,
      cpuSeconds,
      peakBytes: peaks.own,
      ...(peaks.servers > 0 ? { proofPeakBytes: peaks.servers } : {}),
      ...(await server?.stop()),
    };
  } finally {
    await server?.stop();
  }
}
