import { createInterface } from 'node:readline';
import { type AgentProcess, startAgentProcess } from './agent-process.ts';

/** `falkordb-backup run` as a process of its own; killed, if it still runs, when it goes out of scope. */
export interface ServiceProcess extends AgentProcess {
  /** Of its dashboard. */
  url: string;
  /** The JSON of /api/v1/<path>. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  api(path: string): Promise<any>;
}

/** @returns once its dashboard can be asked @throws where it ends before that */
export async function startService(env: Record<string, string>, args: string[] = []): Promise<ServiceProcess> {
  const agent = await startAgentProcess(['run', '--json', '--listen', '127.0.0.1:0', ...args], {
    BACKUP_JITTER_SECONDS: '0',
    ...env,
  });
  const { stdout } = agent.process;
  if (!stdout) throw new Error('it has no stdout');
  const { promise: line, resolve } = Promise.withResolvers<string>();
  createInterface(stdout).once('line', resolve);
  const first = await Promise.race([line, agent.ended]);
  if (typeof first !== 'string') throw new Error(`the service ended with ${first.exitCode}: ${first.stderr}`);
  const { url } = JSON.parse(first) as { url: string };
  return {
    ...agent,
    url,
    api: async (path) => (await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(30_000) })).json(),
  };
}
