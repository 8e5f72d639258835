import { chmod, cp, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import { readComposeFile } from '../support/compose-files.ts';
import { Image, readStages } from '../support/dockerfile.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/*
 * No Docker: what the Dockerfile copies and what docker-compose.yml sets, laid out in a folder that stands for the root of
 * the container. "npm test" has built before.
 */
const ENGINE = join(dirname(createRequire(import.meta.url).resolve('@falkordblite/linux-x64/package.json')), 'bin');
const STARTS = { timeout: 60_000, interval: 200 };

const image = new Image('agent/Dockerfile');
let live: LiveServer;
let folder: TemporaryFolder;
let service: ReturnType<typeof start>;
let env: Record<string, string>;
let port: number;
let before: string[];

const at = (path: string) => join(folder.path, path);

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:A)-[:R]->(:B)');
  folder = await temporaryFolder();
  for (const path of [
    '/backups',
    '/tmp',
    '/home',
    '/usr/local/bin',
    '/run/secrets',
    ...JSON.parse(image.one('VOLUME')),
  ])
    await mkdir(at(path), { recursive: true });
  await layOut();
  port = await freePort();
  env = await environment();
  before = await listing();
  service = start();
});
afterAll(async () => {
  service?.kill('SIGKILL');
  await service;
  await folder?.[Symbol.asyncDispose]();
  await live?.[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

async function layOut(): Promise<void> {
  const home = image.one('WORKDIR');
  for (const { from, sources, to } of image.copies) {
    for (const source of sources) {
      const isEngine = from === 'engine';
      const path = isEngine ? join(ENGINE, basename(source)) : source.replace(/^\/src\//, '');
      // COPY takes the contents of a folder, and a file under its own name.
      const target = (await lstat(path)).isDirectory() ? to : join(to, basename(source));
      if (isEngine) await mkdir(at(join(home, to)), { recursive: true });
      if (isEngine) await symlink(path, at(join(home, target)));
      else await cp(path, at(join(home, target)), { recursive: true });
    }
  }
  const commands = readStages('agent/Dockerfile').flatMap((stage) => stage.map(({ text }) => text));
  for (const [, mode = '', path = ''] of commands.join('\n').matchAll(/chmod (\d+) (dist\/\S+)/g))
    await chmod(at(join(home, path)), Number.parseInt(mode, 8));
  const [, source = '', target = ''] = /ln -s (\S+) (\S+)/.exec(image.all('RUN').join(' ')) ?? [];
  await symlink(at(source), at(target));
}

/** That of the image, and that of docker-compose.yml on top, with paths and addresses of this machine. */
async function environment(): Promise<Record<string, string>> {
  const { backup } = (await readComposeFile('docker-compose.yml')).services;
  const inContainer = { ...image.environment, ...backup?.environment };
  const here = Object.entries(inContainer).map(([name, value]) => [name, value.startsWith('/') ? at(value) : value]);
  const never = Object.values<Setting>(SETTINGS).filter((setting) => setting.env.startsWith('BACKUP_SCHEDULE_'));
  await writeFile(at('/run/secrets/dashboard-token'), 'a-token-of-the-dashboard\n');
  return {
    ...Object.fromEntries(here),
    ...Object.fromEntries(never.map((setting) => [setting.env, 'off'])),
    FALKORDB_URL: live.server.url,
    FALKORDB_DATA_DIR: live.server.folder,
    BACKUP_STORE: pathToFileURL(at('/backups')).href,
    BACKUP_LISTEN: inContainer.BACKUP_LISTEN?.replace(/\d+$/, String(port)) ?? '',
    PATH: `${at('/usr/local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: at('/home'),
    TMPDIR: at('/tmp'),
    // Where the system's own libraries are too old for FalkorDB, newer ones have been fetched there.
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(process.env.HOME ?? '', '.cache'),
  };
}

/** As `docker exec` does. */
const command = (words: string[], more: Record<string, string> = {}) => {
  const [file = '', ...args] = words;
  return execa(file, args, {
    env: { ...env, ...more },
    extendEnv: false,
    cwd: at(image.one('WORKDIR')),
    reject: false,
  });
};
const start = () => command([...image.words('ENTRYPOINT'), ...image.words('CMD')]);

/** Everything that must stay as it is, with its size and time. */
async function listing(): Promise<string[]> {
  const writable = ['backups', 'tmp', ...JSON.parse(image.one('VOLUME')).map((path: string) => path.slice(1))];
  const entries = await readdir(folder.path, { recursive: true });
  const kept = entries.filter((entry) => !writable.some((path) => entry === path || entry.startsWith(`${path}/`)));
  const stats = await Promise.all(kept.map((entry) => lstat(at(entry))));
  return kept.map((entry, index) => `${entry} ${stats[index]?.size} ${stats[index]?.mtimeMs}`).toSorted();
}

test('the service starts, gets healthy by the check of the image, and shows its page', async () => {
  await vi.waitFor(async () => {
    expect((await command(image.words('HEALTHCHECK'))).exitCode).toBe(0);
  }, STARTS);
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<script');
  expect((await fetch(`http://127.0.0.1:${port}/page.js`)).status).toBe(200);
  await vi.waitFor(async () => {
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  }, STARTS);
});

test('commands in it back up by the data folder, prove on its own engine, and restore over its network', async () => {
  const made = await command(['falkordb-backup', 'backup', '--json']);
  expect(JSON.parse(made.stdout)).toMatchObject({ status: 'completed', source: 'bgsave', graphs: [{ nodes: 2 }] });
  await live.client.flushall();
  const restored = await command(['falkordb-backup', 'restore', 'latest', '--force', '--json']);
  expect(JSON.parse(restored.stdout)).toMatchObject({ status: 'completed', graphs: [{ name: 'g', nodes: 2 }] });
  expect(await live.nodeCounts()).toEqual({ g: 2 });
});

test('the demo runs in the image alone', async () => {
  const demo = await command(['falkordb-backup', 'demo'], { FALKORDB_URL: '' });
  expect(demo.stdout).toContain(`throw-away, the one in ${at('/opt/falkordb-backup/engine')}`);
  expect(demo.exitCode).toBe(0);
});

test('a stop ends it well, and all that was written is where the container may write', async () => {
  service.kill('SIGTERM');
  expect(await service).toMatchObject({ exitCode: 0 });
  expect(await listing()).toEqual(before);
  expect(await readdir(at('/backups'))).not.toEqual([]);
  expect(await readdir(at(image.environment.BACKUP_SCRATCH_DIR ?? ''))).toEqual([]);
});
