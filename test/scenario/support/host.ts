import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { command, docker, launcher } from './host-commands.ts';

export interface HostOptions {
  instanceId: string;
  tags: Record<string, string>;
  /** As Systems Manager sees it; true by default. */
  isOnline?: boolean;
  /** It takes no command any more, and Systems Manager has not noticed yet. */
  isSilent?: boolean;
  /** New enough by default. */
  ssmAgentVersion?: string;
  /** The environment of the agent's container, by target. */
  containers?: Record<string, Record<string, string>>;
  /** The settings of an agent that is installed on the host itself, by target. */
  installed?: Record<string, Record<string, string>>;
  /** What those that are installed find by themselves: where the services are, and the role of the instance. */
  role?: Record<string, string>;
}

export interface ScriptEnd {
  /** Null where it was killed. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A machine: what a command's script finds there. */
export interface Host extends AsyncDisposable, Required<Omit<HostOptions, 'containers' | 'installed' | 'role'>> {
  /** Everything on it lies below. */
  folder: string;
  run(script: string, env: Record<string, string>): { end: Promise<ScriptEnd>; kill: () => void };
  /** Process ids of the agents that run. */
  agents(): Promise<number[]>;
}

export async function startHost(options: HostOptions): Promise<Host> {
  const { containers = {}, installed = {}, role = {} } = options;
  const disposable = await temporaryFolder();
  const folder = disposable.path;
  const [bin, work] = [join(folder, 'bin'), join(folder, 'work')];
  for (const path of [bin, work, join(folder, 'pids')]) await mkdir(path, { recursive: true });
  for (const [target, env] of Object.entries(containers)) {
    const container = join(folder, 'containers', target);
    await mkdir(container, { recursive: true });
    await writeFile(join(container, 'agent'), launcher(env), { mode: 0o755 });
  }
  await writeFile(join(bin, 'docker'), docker(folder), { mode: 0o755 });
  for (const [target, env] of Object.entries(installed)) {
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    await mkdir(join(folder, 'etc'), { recursive: true });
    await writeFile(join(folder, 'etc', `${target}.env`), settings.join(''));
  }
  if (Object.keys(installed).length > 0)
    await writeFile(join(bin, 'falkordb-backup'), command(folder, role), { mode: 0o755 });

  const agents = async () => {
    const names = await readdir(join(folder, 'pids'));
    const pids = await Promise.all(
      names.map(async (name) => Number(await readFile(join(folder, 'pids', name), 'utf8'))),
    );
    return pids.filter((pid) => pid > 0 && isAlive(pid));
  };
  return {
    isOnline: true,
    isSilent: false,
    ssmAgentVersion: '3.3.3050.0',
    ...options,
    folder,
    agents,
    run: (script, env) => runScript(script, { cwd: work, env: { ...env, PATH: `${bin}:/usr/bin:/bin`, HOME: folder } }),
    [Symbol.asyncDispose]: async () => {
      for (const pid of await agents()) process.kill(pid, 'SIGKILL');
      await disposable[Symbol.asyncDispose]();
    },
  };
}

/** As Systems Manager's agent: it writes the lines of a step to a file and gives that to sh. */
function runScript(script: string, options: { cwd: string; env: Record<string, string> }): ReturnType<Host['run']> {
  const child = spawn('sh', ['-c', script], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      printed[name] += chunk;
    });
  const killed = Promise.withResolvers<void>();
  // After a kill, what the script began may go on, and holds its output open.
  const over = Promise.race([once(child, 'close'), killed.promise.then(() => once(child, 'exit'))]);
  const end = over.then((): ScriptEnd => ({ exitCode: child.exitCode, ...printed }));
  const kill = () => {
    killed.resolve();
    child.kill('SIGKILL');
  };
  return { end, kill };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
