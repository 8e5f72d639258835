import { execa } from 'execa';

export interface CommandResult {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  /** Of --json; undefined where stdout holds none. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  json: any;
}

export interface AgentOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** What to put before the command, to run it under something. */
  wrapper?: string[];
  /** The program; from source by default. */
  program?: string;
}

/** Runs the agent as a user would, with no setting but the given ones. */
export async function agentCommand(
  args: string[],
  { env = {}, cwd, wrapper = [], program }: AgentOptions = {},
): Promise<CommandResult> {
  const [file = '', ...words] = [...wrapper, process.execPath, program ?? 'agent/main.ts', ...args];
  const { exitCode, stdout, stderr } = await execa(file, words, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TMPDIR: process.env.TMPDIR ?? '/tmp', ...env },
    extendEnv: false,
    reject: false,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { exitCode, stdout, stderr, json: parse(stdout) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
