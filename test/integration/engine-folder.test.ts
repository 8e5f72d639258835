import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resolveEngine } from '../../agent/falkordb/engine.ts';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { backUp } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const BINARIES = join(dirname(createRequire(import.meta.url).resolve('@falkordblite/linux-x64/package.json')), 'bin');

let live: LiveServer;
let folder: TemporaryFolder;
let engine: string;
let root: string;

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:A)');
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  // As an image has them: beside each other, and nothing of npm. The space: no step may take a path apart.
  engine = join(folder.path, 'an engine');
  await mkdir(engine);
  root = join(folder.path, 'store');
});
afterEach(() => folder[Symbol.asyncDispose]());

const agent = (...args: string[]) =>
  agentCommand(args, {
    env: { FALKORDB_URL: live.server.url, BACKUP_STORE: pathToFileURL(root).href, BACKUP_LOG_LEVEL: 'silent' },
  });

describe('BACKUP_ENGINE_DIR', () => {
  test('is where the throw-away FalkorDB comes from', async () => {
    await symlink(join(BINARIES, 'redis-server'), join(engine, 'redis-server'));
    await symlink(join(BINARIES, 'falkordb.so'), join(engine, 'falkordb.so'));
    const resolved = await resolveEngine(() => {}, engine);
    const files = { name: 'x', folders: [], configFile: '/x/redis.conf', port: 1 };
    expect(resolved.command(files).slice(-2)).toEqual([join(engine, 'redis-server'), '/x/redis.conf']);
    expect(resolved).toMatchObject({ modulePath: join(engine, 'falkordb.so'), isContainer: false });

    await backUp(live, new FileStore(root));
    const verified = await agent('verify', '--load', '--engine-dir', engine, '--json');
    expect(verified.json).toMatchObject({ status: 'ok', results: [{ verification: { outcome: 'loaded' } }] });
  });

  test('is the only place that is looked at: without a server in it nothing is proved', async () => {
    await backUp(live, new FileStore(root));
    const refused = await agent('verify', '--load', '--engine-dir', engine);
    expect(refused.exitCode).toBe(EXIT_CODES.database);
    expect(refused.stderr).toContain(`${join(engine, 'redis-server')} cannot be used (ENOENT)`);
    expect(refused.stderr).toContain('BACKUP_ENGINE_DIR is to hold');
  });

  test('with a module that is not executable, which Redis would refuse, is refused by name', async () => {
    await symlink(join(BINARIES, 'redis-server'), join(engine, 'redis-server'));
    const modulePath = join(engine, 'falkordb.so');
    await copyFile(join(BINARIES, 'falkordb.so'), modulePath);
    await chmod(modulePath, 0o644);
    await expect(resolveEngine(() => {}, engine)).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining(`${modulePath} cannot be used (EACCES)`),
    });
  });
});
