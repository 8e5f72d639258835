import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import { dependencyGraph } from '../demo/dependency-graph.ts';
import { loadDependencyGraph } from '../demo/load-graph.ts';
import { connect, DEMO_GRAPH, startDemoServer } from '../demo/server.ts';
import type { Cli } from './cli.ts';

interface DemoFlags {
  lockfile: string;
  keep?: boolean;
}

/** As long as a timer can be. */
const FOR_EVER_MS = 2 ** 31 - 1;
const STEPS = [['backup', '--tier', 'daily'], ['verify', '--load'], ['list'], ['status']];
const RESTORE = ['restore', 'latest', '--confirm', 'demo'];

type RunVerb = (args: string[], cli: Cli) => Promise<void>;

/** @param run runs another verb, as a user would type it */
export function demoCommand(command: Command, cli: Cli, run: RunVerb): void {
  command
    .description(
      'See it work: fill a FalkorDB with a real graph, back it up, prove the backup, lose the graph, restore it',
    )
    .option('--lockfile <file>', 'the package-lock.json to make the graph from', 'package-lock.json')
    .option('--keep', 'leave the server running to play with, until Ctrl-C')
    .addHelpText(
      'after',
      `
Starts a throw-away FalkorDB, or uses the one in FALKORDB_URL: there it adds a graph of its own and deletes it afterwards.

Examples:
  $ falkordb-backup demo
  $ falkordb-backup demo --keep`,
    )
    .action((flags: DemoFlags) => runDemo(flags, cli, run));
}

async function runDemo({ lockfile, keep }: DemoFlags, cli: Cli, run: RunVerb): Promise<void> {
  const say = (line: string) => void cli.stdout.write(`${line}\n`);
  const graph = dependencyGraph(await readLockfile(lockfile));
  await using server = await startDemoServer(cli.env, say);
  say(`FalkorDB: ${server.description}`);
  {
    using db = await connect(server.url);
    await loadDependencyGraph(db, DEMO_GRAPH, graph);
  }
  say(`Graph ${DEMO_GRAPH}: ${graph.packages.length} packages, ${graph.edges.length} dependencies, three indexes`);

  const folder = await mkdtemp(join(tmpdir(), 'falkordb-backup-demo-'));
  const settings = { BACKUP_STORE: pathToFileURL(folder).href, BACKUP_TARGET: 'demo' };
  const stateFolder = await mkdtemp(join(tmpdir(), 'falkordb-backup-demo-state-'));
  const env = {
    BACKUP_LOG_LEVEL: 'warn',
    BACKUP_STATE_DIR: stateFolder,
    ...withoutSettings(cli.env),
    ...settings,
    FALKORDB_URL: server.url,
  };
  const succeeds = async (args: string[]) => {
    say(`\n$ falkordb-backup ${args.join(' ')}`);
    const step = { ...cli, env, exitCode: 0 };
    await run(args, step);
    cli.exitCode = step.exitCode;
    return step.exitCode === 0;
  };
  try {
    for (const args of STEPS) if (!(await succeeds(args))) return;
    if (server.isThrowAway) {
      await loseGraph(server.url, say);
      if (!(await succeeds(RESTORE))) return;
    }
  } finally {
    await rm(stateFolder, { recursive: true, force: true });
  }
  const prefix = `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')} ${cli.program}`;
  say('\nThe backup stays in that folder. Commands to try next:');
  say(`  ${prefix} show`);
  say(`  ${prefix} fetch --output demo.rdb`);
  if (!keep) return;
  say(`  FALKORDB_URL=${server.url} ${prefix} backup`);
  say('The server runs until Ctrl-C.');
  await setTimeout(FOR_EVER_MS, undefined, { signal: cli.signal }).catch(() => {});
}

/** By mistake, as it happens. */
async function loseGraph(url: string, say: (line: string) => void): Promise<void> {
  say(`\n$ redis-cli GRAPH.DELETE ${DEMO_GRAPH}    # a mistake; now back`);
  using db = await connect(url);
  await db.call('GRAPH.DELETE', DEMO_GRAPH);
}

async function readLockfile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new BackupError('invalid-argument', `${path} cannot be read: ${systemErrorCode(cause)}.`, {
      hint: 'Run the demo where a package-lock.json is, or name one with --lockfile.',
      cause,
    });
  }
}

/** What is set for a real FalkorDB is not for the demo: nobody is to be told of it, and its numbers go nowhere. */
function withoutSettings(env: Cli['env']): Cli['env'] {
  const dropped = new Set<string>(Object.values(SETTINGS).map((setting) => setting.env));
  for (const setting of [SETTINGS.logLevel, SETTINGS.scratchDir, SETTINGS.engineDir]) dropped.delete(setting.env);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.has(name)));
}
