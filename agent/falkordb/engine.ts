import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { BackupError } from '../../core/model/errors.ts';
import { findLoader } from './glibc-loader.ts';

const NPM_PACKAGE = '@falkordblite/linux-x64';
const DOCKER_IMAGE = 'falkordb/falkordb:v4.16.3';
const DOCKER_ANSWER_TIMEOUT_MS = 10_000;
const DOCKER_PULL_TIMEOUT_MS = 10 * 60_000;

export interface ServerFiles {
  /** Unique on this machine. */
  name: string;
  /** Every folder that the server reads or writes, absolute. */
  folders: string[];
  configFile: string;
  port: number;
}

/** A way to run FalkorDB's redis-server as a throw-away process of the current user. */
export interface Engine {
  /** For people: which binaries, and how they are started. */
  description: string;
  modulePath: string;
  /** What the server has to bind so that it answers on 127.0.0.1 of this machine. */
  bindAddress: string;
  /** True where the server lives in a container called `ServerFiles.name`, which killing `command` does not end. */
  isContainer: boolean;
  /** The program and its arguments. */
  command(files: ServerFiles): string[];
}

/**
 * The npm package's binaries where they can run, else Docker.
 * @throws BackupError `engine-missing` where there is neither; its hint lists what would help.
 */
export async function resolveEngine(log: (message: string) => void = () => {}): Promise<Engine> {
  let npmFailure: unknown;
  try {
    return await npmEngine(log);
  } catch (error) {
    npmFailure = error;
  }
  if (await dockerAnswers()) {
    await pullImage(log);
    return dockerEngine();
  }
  const reason = npmFailure instanceof BackupError ? npmFailure.message : `${NPM_PACKAGE} is not installed`;
  const npmHint = (npmFailure instanceof BackupError && npmFailure.hint) || `Install ${NPM_PACKAGE} (Linux on x64).`;
  throw new BackupError('engine-missing', `No FalkorDB engine: ${reason}; and no Docker engine answers`, {
    hint: `${npmHint} Or start Docker and let this user reach it ("docker version" must succeed).`,
    cause: npmFailure,
  });
}

async function npmEngine(log: (message: string) => void): Promise<Engine> {
  // Resolved at run time, so that the bundled dist/agent.mjs finds the package of its own node_modules as well.
  const manifest = createRequire(import.meta.url).resolve(`${NPM_PACKAGE}/package.json`);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const program = join(dirname(manifest), 'bin/redis-server');
  const modulePath = join(dirname(manifest), 'bin/falkordb.so');
  const loader = await findLoader([program, modulePath], log);
  return {
    description: `${NPM_PACKAGE} ${version}${loader[0] === undefined ? '' : ` through ${loader[0]}`}`,
    modulePath,
    bindAddress: '127.0.0.1',
    isContainer: false,
    command: ({ configFile }) => [...loader, program, configFile],
  };
}

function dockerEngine(): Engine {
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  return {
    description: `${DOCKER_IMAGE} in Docker`,
    modulePath: '/var/lib/falkordb/bin/falkordb.so',
    bindAddress: '0.0.0.0',
    isContainer: true,
    command: ({ name, folders, configFile, port }) => [
      ...['docker', 'run', '--rm', '--name', name, '--user', user, '--entrypoint', 'redis-server'],
      // With the host's process ids, the pid that the server reports is one that its owner can signal.
      ...['--pid', 'host', '--publish', `127.0.0.1:${port}:${port}`],
      // --volume would split a path that contains a colon.
      ...folders.flatMap((folder) => ['--mount', `type=bind,source=${folder},target=${folder}`]),
      DOCKER_IMAGE,
      configFile,
    ],
  };
}

async function dockerAnswers(): Promise<boolean> {
  const version = await execa('docker', ['version', '--format', '{{.Server.Version}}'], {
    reject: false,
    stdin: 'ignore',
    timeout: DOCKER_ANSWER_TIMEOUT_MS,
  });
  return version.exitCode === 0;
}

async function pullImage(log: (message: string) => void): Promise<void> {
  const options = { stdin: 'ignore', timeout: DOCKER_PULL_TIMEOUT_MS } as const;
  const present = await execa('docker', ['image', 'inspect', DOCKER_IMAGE], { ...options, reject: false });
  if (present.exitCode === 0) return;
  log(`Pulling ${DOCKER_IMAGE}`);
  await execa('docker', ['pull', DOCKER_IMAGE], options).catch((cause: unknown) => {
    throw new BackupError('engine-missing', `Docker could not pull ${DOCKER_IMAGE}`, {
      hint: `Run "docker pull ${DOCKER_IMAGE}" and follow its error message.`,
      cause,
    });
  });
}
