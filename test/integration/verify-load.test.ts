import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../core/model/manifest.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { backUpSpoiled, createSpoilableGraph, rewriteManifest } from '../support/spoiled-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
let folder: TemporaryFolder;
let root: string;
let scratch: string;
let store: FileStore;

beforeAll(async () => {
  live = await startLiveServer();
  await createSpoilableGraph(live);
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'store');
  store = new FileStore(root);
  scratch = join(folder.path, 'scratch');
  await mkdir(scratch);
});
afterEach(async () => {
  expect(await readdir(scratch)).toEqual([]);
  await folder[Symbol.asyncDispose]();
});

const agent = (...args: string[]) =>
  agentCommand(args, {
    env: {
      FALKORDB_URL: live.server.url,
      BACKUP_STORE: pathToFileURL(root).href,
      BACKUP_SCRATCH_DIR: scratch,
      BACKUP_LOG_LEVEL: 'silent',
    },
  });

async function backUpDamaged(): Promise<Manifest> {
  const manifest = manifestOf(await backUp(live, store));
  const path = join(root, manifest.stored.key);
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
  await writeFile(path, bytes);
  return manifest;
}

describe('verify --load', () => {
  test('proves a good backup, and list, show and status tell it from then on', async () => {
    const { backupId, engine } = manifestOf(await backUp(live, store, { tier: 'daily' }));
    expect((await agent('list')).stdout).toMatch(/VERIFIED .*\n.* -$/m);
    expect((await agent('list', '--json')).json).toMatchObject([{ backupId, verified: null }]);
    expect((await agent('show', '--json')).json).toMatchObject({ backupId, verification: null });
    expect((await agent('show')).stdout).toMatch(/^verified: +never loaded/m);

    const { exitCode, json } = await agent('verify', '--load', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'ok',
      verified: 1,
      damaged: 0,
      results: [
        {
          backupId,
          status: 'ok',
          verification: { outcome: 'loaded', engine: { falkordb: engine.falkordb }, differences: [] },
          writtenBy: engine,
        },
      ],
    });

    const at = expect.stringMatching(/^\d{4}-.*Z$/);
    expect((await agent('list')).stdout).toMatch(/ loaded \d+\w+ ago$/m);
    expect((await agent('list', '--json')).json).toMatchObject([{ backupId, verified: { at, outcome: 'loaded' } }]);
    expect((await agent('show', '--json')).json).toMatchObject({ backupId, verification: { outcome: 'loaded' } });
    expect((await agent('show')).stdout).toMatch(
      new RegExp(`^verified: .*loaded by FalkorDB ${engine.falkordb} .*: 1 graphs, 40 nodes, 20 edges$`, 'm'),
    );
    expect((await agent('status')).stdout).toMatch(/^daily .* loaded \d+\w+ ago/m);
    const { tiers } = (await agent('status', '--json')).json;
    expect(tiers.find(({ tier }: { tier: string }) => tier === 'daily').newest.verified).toMatchObject({ at });
  });

  test('tells a good, a damaged and an unloadable backup of a store apart, and exits with 4', async () => {
    const good = manifestOf(await backUp(live, store));
    const damaged = await backUpDamaged();
    const unloadable = await backUpSpoiled(live, root, store, 'crash');
    const alsoGood = manifestOf(await backUp(live, store));

    const { exitCode, json } = await agent('verify', '--all', '--load', '--json');

    expect(exitCode).toBe(4);
    expect(json).toMatchObject({ status: 'damaged', verified: 4, damaged: 2 });
    expect(json.results).toMatchObject([
      { backupId: good.backupId, status: 'ok', verification: { outcome: 'loaded' } },
      { backupId: damaged.backupId, status: 'damaged', error: { code: 'integrity' } },
      {
        backupId: unloadable.backupId,
        status: 'damaged',
        error: { code: 'integrity', message: expect.stringContaining('crashed by signal') },
        verification: { outcome: 'failed', contents: null },
      },
      { backupId: alsoGood.backupId, status: 'ok', verification: { outcome: 'loaded' } },
    ]);
    expect(json.results[1]).not.toHaveProperty('verification');

    const listed = (await agent('list')).stdout.split('\n');
    const verifiedOf = (manifest: Manifest) => listed.find((line) => line.startsWith(manifest.backupId));
    expect(verifiedOf(good)).toMatch(/ loaded \S+ ago$/);
    expect(verifiedOf(damaged)).toMatch(/ -$/);
    expect(verifiedOf(unloadable)).toMatch(/ FAILED \S+ ago$/);
    expect((await agent('show', unloadable.backupId)).stdout).toMatch(/^verified: .*NOT loaded by FalkorDB/m);
  });

  test('goes on where one of many cannot be tried here, and ends with the code for that', async () => {
    const good = manifestOf(await backUp(live, store));
    const made = manifestOf(await backUp(live, store));
    const huge = await rewriteManifest(root, { ...made, server: { ...made.server, usedMemoryBytes: 2 ** 50 } });
    const { exitCode, json } = await agent('verify', '--all', '--load', '--json');
    expect(exitCode).toBe(6);
    expect(json).toMatchObject({
      status: 'not-loaded',
      results: [
        { backupId: good.backupId, status: 'ok' },
        { backupId: huge.backupId, status: 'not-loaded', error: { code: 'no-room', hint: expect.any(String) } },
      ],
    });
    expect(await agent('verify', huge.backupId, '--load', '--json')).toMatchObject({
      exitCode: 6,
      json: { status: 'failed', error: { code: 'no-room' } },
    });
  });

  test('says so where another version wrote it', async () => {
    const made = manifestOf(await backUp(live, store));
    await rewriteManifest(root, { ...made, engine: { ...made.engine, falkordb: '4.14.1' } });
    const { exitCode, stdout } = await agent('verify', '--load');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`ok, loaded by FalkorDB ${made.engine.falkordb}`);
    expect(stdout).toContain('written by FalkorDB 4.14.1');
    expect((await agent('show')).stdout).toContain('written by FalkorDB 4.14.1');
  });

  test('settles counts that were not exact', async () => {
    const made = manifestOf(await backUp(live, store));
    const graphs = made.graphs.map((graph) => ({ ...graph, nodes: 7 }));
    await rewriteManifest(root, { ...made, graphs, countsExact: false });
    expect((await agent('show')).stdout).toMatch(/^counts: +taken while writes went on.*\n[\s\S]*^people +7 /m);
    expect((await agent('verify', '--load')).exitCode).toBe(0);
    expect((await agent('show')).stdout).toMatch(
      /^counts: +exact, from the dump as it was loaded.*\n[\s\S]*^people +40 /m,
    );
  });
});

describe('backup --verify', () => {
  test('proves what it has made', async () => {
    const { exitCode, json } = await agent('backup', '--verify', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'completed',
      countsExact: true,
      verification: { backupId: json.backupId, outcome: 'loaded', contents: { graphs: json.graphs } },
    });
    const text = await agent('backup', '--verify', '--scheduled-for', '2026-01-01T00:00:00Z');
    expect(text.stdout).toMatch(/is complete\.\n[\s\S]*loaded by FalkorDB .*: 1 graphs, 40 nodes, 20 edges$/);
  });

  test('exits with 4 where that cannot be loaded: the backup is there, and so is the verdict', async () => {
    // What a FalkorDB that writes such dumps would leave; asked for again, it is the backup that this run "makes".
    const scheduledFor = new Date('2026-01-01T00:00:00Z');
    const { backupId } = await backUpSpoiled(live, root, store, 'crash', { scheduledFor });
    const args = ['backup', '--verify', '--scheduled-for', scheduledFor.toISOString()];
    const { exitCode, json } = await agent(...args, '--json');
    expect(exitCode).toBe(4);
    expect(json).toMatchObject({
      status: 'completed',
      backupId,
      verification: { outcome: 'failed' },
      verificationError: { code: 'integrity', message: expect.stringContaining('cannot load') },
    });
    const text = await agent(...args);
    expect(text).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/is complete\.[\s\S]*DAMAGED: .*cannot load/),
    });
    expect((await agent('list')).stdout).toMatch(/ FAILED \S+ ago$/m);
  });

  test('says what it has made even where it cannot try it', async () => {
    const { exitCode, json } = await agent('backup', '--verify', '--scratch-dir', join(scratch, 'missing'), '--json');
    expect(exitCode).toBe(2);
    expect(json).toMatchObject({
      status: 'completed',
      backupId: expect.stringContaining('-manual'),
      verification: null,
      verificationError: { code: 'invalid-settings' },
    });
    expect(await agent('verify', json.backupId)).toMatchObject({ exitCode: 0 });
  });
});
