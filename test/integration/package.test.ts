import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let project: string;
let command: string;

// What a user gets: the packed package, installed into an empty folder, with nothing of this clone in reach.
beforeAll(async () => {
  folder = await temporaryFolder();
  project = join(folder.path, 'project');
  await mkdir(project);
  // Built by "npm test" before; other tests read what a build would remove.
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path]);
  const [archive = ''] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'));
  await execa('npm', ['init', '-y'], { cwd: project });
  // The optional throw-away FalkorDB would be fetched again; all else the package brings itself.
  await execa('npm', ['install', '--offline', '--omit=optional', join(folder.path, archive)], { cwd: project });
  command = join(project, 'node_modules/.bin/falkordb-backup');
});
afterAll(() => folder[Symbol.asyncDispose]());

function run(args: string[], env: Record<string, string> = {}) {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return execa(command, args, { cwd: project, env: { ...env, PATH: path } });
}

test('the installed command tells its version', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  expect((await run(['--version'])).stdout).toBe(version);
});

test('the installed command makes and verifies a backup', async () => {
  await using server = await startLiveServer();
  await server.graph('g', 'CREATE (:A)-[:R]->(:B)');
  const env = { FALKORDB_URL: server.server.url, BACKUP_STORE: pathToFileURL(join(project, 'backups')).href };
  const made = JSON.parse((await run(['backup', '--json'], env)).stdout);
  expect(made).toMatchObject({ status: 'completed', graphs: [{ name: 'g', nodes: 2, edges: 1 }] });
  expect((await run(['verify'], env)).stdout).toContain(`${made.backupId}  ok`);
});

test('the installed command restores into a server that takes its time to load', async () => {
  await using live = await startLiveServer({ config: { 'key-load-delay': '20000' } });
  await live.graph('g', 'CREATE (:A)');
  await live.fill(50);
  const env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(join(project, 'backups')).href,
    BACKUP_STATE_DIR: join(project, 'state'),
    BACKUP_TARGET: 'slow',
  };
  await run(['backup'], env);
  await live.client.flushall();
  const restored = await run(['restore', 'latest', '--unproven', '--force', '--json'], env);
  expect(JSON.parse(restored.stdout)).toMatchObject({ status: 'completed', graphs: [{ name: 'g', nodes: 1 }] });
  expect(await live.client.dbsize()).toBeGreaterThanOrEqual(51);
});

test('the package holds the bundle and its documents, and depends on nothing it must install', async () => {
  const home = join(project, 'node_modules/falkordb-backup');
  expect((await readdir(home)).toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'examples',
    'package.json',
  ]);
  expect(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')).dependencies).toBeUndefined();
});

test('the bundle leaves `using` to Node: what esbuild 0.28 makes of it throws old errors again in a loop', async () => {
  const bundle = await readFile(join(project, 'node_modules/falkordb-backup/dist/agent.mjs'), 'utf8');
  expect(bundle).toMatch(/\busing db = /);
  expect(bundle).not.toContain('__callDispose');
});
