import { access, constants, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { findLoader, type Loader } from './glibc-loader.ts';

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
 * The binaries in `folder` where one is given; else the npm package's where they can run, else Docker.
 * @throws BackupError `engine-missing` where `folder` does not hold them, or there is neither; its hint lists what would
 * help.
 */
export async function resolveEngine(log: (message: string) => void = () => {}, folder?: string): Promise<Engine> {
  if (folder !== undefined) return folderEngine(folder, log);
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
  const folder = join(dirname(manifest), 'bin');
  return localEngine(`${NPM_PACKAGE} ${version}`, folder, await findLoader(pathsOf(folder), log));
}

/** Said to be the one to use: nothing else is looked for where it cannot be. */
async function folderEngine(folder: string, log: (message: string) => void): Promise<Engine> {
  for (const path of pathsOf(folder)) {
    // Redis loads no module that is not executable.
    await access(path, constants.R_OK | constants.X_OK).catch((cause: unknown) => {
      throw new BackupError(
        'engine-missing',
        `No FalkorDB engine: ${path} cannot be used (${systemErrorCode(cause)})`,
        {
          hint: 'BACKUP_ENGINE_DIR is to hold a redis-server and a falkordb.so that this user may read and execute.',
          cause,
        },
      );
    });
  }
  // Newer libraries can be had for x64 alone.
  const loader = process.arch === 'x64' ? await findLoader(pathsOf(folder), log) : [];
  return localEngine(`the one in ${folder}`, folder, loader);
}

function pathsOf(folder: string): [program: string, modulePath: string] {
  return [join(folder, 'redis-server'), join(folder, 'falkordb.so')];
}

function localEngine(name: string, folder: string, loader: Loader): Engine {
  const [program, modulePath] = pathsOf(folder);
  return {
    description: `${name}${loader[0] === undefined ? '' : ` through ${loader[0]}`}`,
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
