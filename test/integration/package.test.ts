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
  await execa('npm', ['pack', '--pack-destination', folder.path]);
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

test('the package holds the bundle and its documents, and depends on nothing it must install', async () => {
  const home = join(project, 'node_modules/falkordb-backup');
  expect((await readdir(home)).toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'docs',
    'package.json',
  ]);
  expect(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')).dependencies).toBeUndefined();
});
