import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentCommand, type CommandResult } from '../support/agent-command.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

let folder: TemporaryFolder;
let env: Record<string, string>;
beforeEach(async () => {
  await live.client.flushall();
  await live.graph('g', 'UNWIND range(1, 100) AS i CREATE (:Person {id: i})');
  folder = await temporaryFolder();
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
  };
  return () => folder[Symbol.asyncDispose]();
});

const agent = (...args: string[]): Promise<CommandResult> => agentCommand(args, { env });

/** A backup of 100 nodes; the server then holds one more. */
async function backUpAndChange(): Promise<string> {
  const { json } = await agent('backup', '--json');
  await live.graph('g', 'CREATE (:Later)');
  return json.backupId;
}

describe('restore', () => {
  test('--dry-run shows the plan, and changes nothing', async () => {
    const backupId = await backUpAndChange();
    const { exitCode, json } = await agent('restore', 'latest', '--dry-run', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'planned',
      restore: backupId,
      target: 'falkordb',
      server: { graphs: [{ name: 'g', nodes: 101 }] },
      provenAt: null,
      safetyBackup: true,
      refusals: [],
    });
    expect((await agent('restore', backupId, '--dry-run')).stdout).toContain(`restore:       ${backupId}`);
    expect(await live.nodeCounts()).toEqual({ g: 101 });
    expect((await agent('list', '--json')).json).toHaveLength(1);
  });

  test('wants a confirmation that names the target', async () => {
    await backUpAndChange();
    for (const args of [[], ['--confirm', 'other']]) {
      const { exitCode, json } = await agent('restore', 'latest', '--json', ...args);
      expect(exitCode).toBe(2);
      expect(json).toMatchObject({ status: 'failed', error: { code: 'not-confirmed' } });
    }
    expect(await live.nodeCounts()).toEqual({ g: 101 });
    const { exitCode, stdout } = await agent('restore', 'latest', '--confirm', 'falkordb');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/to go back: .*restore \S+-pre-restore$/m);
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test("restores another target's backup, and the name to confirm is the one that is overwritten", async () => {
    await agentCommand(['backup', '--json'], { env: { ...env, BACKUP_TARGET: 'prod' } });
    await live.graph('g', 'CREATE (:Later)');
    const named = await agent('restore', 'latest', '--from-target', 'prod', '--confirm', 'prod');
    expect(named).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('the target, which is falkordb') });
    const { json } = await agent('restore', 'latest', '--from-target', 'prod', '--confirm', 'falkordb', '--json');
    expect(json).toMatchObject({
      status: 'completed',
      target: 'falkordb',
      restored: expect.stringMatching(/-prod-manual$/),
      safetyBackupId: expect.stringMatching(/-falkordb-pre-restore$/),
    });
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test('restores a plain file', async () => {
    await backUpAndChange();
    const file = join(folder.path, 'some.rdb');
    await agent('fetch', 'latest', '--output', file);
    const { exitCode, json } = await agent('restore', file, '--force', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ restored: 'some.rdb', graphs: [{ name: 'g', nodes: 100 }] });
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test.each([
    ['that does not exist', undefined, 2],
    ['that is empty', '', 4],
    ['that is no RDB', 'not at all', 4],
    ['that ends too early', 'REDIS0012\xfa', 4],
  ])('refuses a file %s', async (_, content, expected) => {
    const file = join(folder.path, 'bad.rdb');
    if (content !== undefined) await writeFile(file, content, 'latin1');
    const { exitCode, stderr } = await agent('restore', file, '--force');
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(file);
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test('works without a proof and without a safety backup, if asked to', async () => {
    const backupId = await backUpAndChange();
    const args = ['restore', backupId, '--unproven', '--no-safety-backup'];
    expect((await agent(...args, '--dry-run')).stdout).toMatch(/proved: +NO.*lost: +all that it holds now/s);
    const { exitCode, json } = await agent(...args, '--force', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ safetyBackupId: null });
    expect(json.steps.map(({ name }: { name: string }) => name)).toEqual([
      ...['check', 'freeze', 'stream the backup', 'load the backup', 'compare', 'persist', 'promote', 'indexes'],
    ]);
    expect((await agent('list', '--json')).json).toHaveLength(1);
  });

  test('says what is wrong with the command', async () => {
    await backUpAndChange();
    expect(await agent('restore')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Say what to restore'),
    });
    expect(await agent('restore', 'yesterday', '--force')).toMatchObject({ exitCode: 2 });
    expect(await agent('restore', 'latest:weekly', '--force')).toMatchObject({ exitCode: 3 });
    expect(await agent('restore', 'latest', '--force', '--run-id', 'x')).toMatchObject({ exitCode: 2 });
    expect(await live.nodeCounts()).toEqual({ g: 101 });
  });

  test('--recover has nothing to do where no restore was left', async () => {
    const { exitCode, json } = await agent('restore', '--recover', '--json');
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ status: 'nothing-to-recover', runId: null });
  });

  test('is refused, with all reasons at once, where the server does not allow it', async () => {
    await backUpAndChange();
    await live.client.config('SET', 'replica-read-only', 'no');
    await live.client.config('SET', 'repl-diskless-load', 'swapdb');
    try {
      const dry = await agent('restore', 'latest', '--dry-run', '--json');
      expect(dry.exitCode).toBe(6);
      expect(dry.json).toMatchObject({ status: 'refused' });
      expect(dry.json.refusals).toHaveLength(2);
      const { exitCode, stderr } = await agent('restore', 'latest', '--force');
      expect(exitCode).toBe(6);
      expect(stderr).toMatch(/replica-read-only.*repl-diskless-load/s);
      expect(await live.nodeCounts()).toEqual({ g: 101 });
    } finally {
      await live.client.config('SET', 'replica-read-only', 'yes');
      await live.client.config('SET', 'repl-diskless-load', 'disabled');
    }
  });
});
