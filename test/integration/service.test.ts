import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findRun } from '../../core/catalog/runs.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type ServiceProcess, startService } from '../support/service-process.ts';
import { hasFile } from '../support/store-files.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const WAIT = { timeout: 60_000, interval: 50 };

let folder: TemporaryFolder;
let live: LiveServer;
let root: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await temporaryFolder();
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  root = join(folder.path, 'store');
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(root).href,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_TARGET: 'shop',
  };
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Of all runs, newest first, as the dashboard has them. */
const runsOf = async (service: ServiceProcess) => (await service.api('runs?target=shop')).runs;
const backupsOf = async (service: ServiceProcess) => (await service.api('backups?target=shop')).backups;

async function untilFirstBackup(service: ServiceProcess): Promise<void> {
  await vi.waitFor(async () => expect(await backupsOf(service)).toHaveLength(1), WAIT);
}

/** @returns what is at work, once FalkorDB saves its data for it */
async function untilSaving(service: ServiceProcess): Promise<{ tier: string; runId: string }> {
  return vi.waitFor(
    async () => {
      const [{ activities }] = (await service.api('targets')).targets;
      expect(activities).toMatchObject([{ kind: 'backup', progress: { phase: 'save' } }]);
      return activities[0];
    },
    { ...WAIT, timeout: 90_000 },
  );
}

async function stop(service: ServiceProcess): Promise<number | null> {
  service.process.kill('SIGTERM');
  return (await service.ended).exitCode;
}

test('a service makes the first backup of a target at once, and ends well when it is told to', async () => {
  await using service = await startService(env);
  await untilFirstBackup(service);
  expect(await backupsOf(service)).toMatchObject([{ tier: 'snapshot', facts: { nodes: 1 } }]);
  await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), WAIT);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('falkordb_backup_store_up{target="shop"} 1');
  expect(metrics).toMatch(/falkordb_backup_next_due_timestamp_seconds\{target="shop",job="daily"\} 1\d{9}/);
  expect(await stop(service)).toBe(0);
});

describe('killed with -9 during a backup, a service that is started again', () => {
  test('makes that backup, once, and the records say what happened', async () => {
    {
      await using first = await startService(env);
      await untilFirstBackup(first);
      expect(await stop(first)).toBe(0);
    }
    // Due each minute, so that the test need not wait for hours; the backup itself takes seconds.
    const often = { ...env, BACKUP_SCHEDULE_DAILY: '* * * * *', BACKUP_SCHEDULE_SNAPSHOT: 'off' };
    await live.fill(30, 16 * 1024);
    await live.setSaveDelay(100_000);
    let killed: string;
    {
      await using victim = await startService(often);
      const { tier, runId } = await untilSaving(victim);
      expect(tier).toBe('daily');
      killed = runId;
      victim.process.kill('SIGKILL');
      await victim.ended;
    }
    expect(hasFile(root, /^daily\/.*manifest\.json$/)).toBe(false);
    await live.setSaveDelay(0);
    await using again = await startService(often);
    await vi.waitFor(async () => {
      const run = (await runsOf(again)).find(({ runId }: { runId: string }) => runId === killed);
      expect(run).toMatchObject({ outcome: 'completed' });
    }, WAIT);
    const made = (await backupsOf(again)).filter(({ tier }: { tier: string }) => tier === 'daily');
    const ids = made.map(({ backupId }: { backupId: string }) => backupId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(made.at(-1)).toMatchObject({ facts: { runId: killed } });
    expect(await stop(again)).toBe(0);
    const { json } = await agentCommand(['list', '--json'], { env });
    expect(json.backups ?? json).toHaveLength(ids.length + 1);
    const verdicts = await verdictsOf(killed);
    expect(verdicts).toMatchObject([
      { verdict: 'failed', failure: { message: expect.stringContaining('never said how it ended') } },
      { verdict: 'completed' },
    ]);
  });
});

test('a service that is stopped ends what does not end by itself, and makes it up when it starts again', async () => {
  let stopped: string;
  await live.fill(30, 16 * 1024);
  await live.setSaveDelay(200_000);
  {
    await using service = await startService(env, ['--stop-timeout', '1']);
    const { runId } = await untilSaving(service);
    expect(await runsOf(service)).toMatchObject([{ runId, outcome: 'running' }]);
    stopped = runId;
    const told = performance.now();
    expect(await stop(service)).toBe(0);
    expect(performance.now() - told).toBeLessThan(20_000);
  }
  await live.setSaveDelay(0);
  await using again = await startService(env);
  await untilFirstBackup(again);
  expect(await verdictsOf(stopped)).toMatchObject([
    { verdict: 'failed', failure: { code: 'interrupted' } },
    { verdict: 'completed' },
  ]);
});

test('a restore that was killed while FalkorDB stood still is recovered at the start', async () => {
  expect(await agentCommand(['backup'], { env })).toMatchObject({ exitCode: 0 });
  await live.fill(30, 16 * 1024);
  await live.setSaveDelay(200_000);
  {
    await using restore = await startAgentProcess(['restore', 'latest', '--force', '--unproven'], env);
    await vi.waitFor(async () => expect(await live.info('role')).toBe('slave'), WAIT);
    restore.process.kill('SIGKILL');
    expect(await restore.ended).toMatchObject({ signal: 'SIGKILL' });
  }
  expect(await live.info('role')).toBe('slave');
  await live.setSaveDelay(0);
  await using service = await startService(env);
  await vi.waitFor(async () => expect(await live.info('role')).toBe('master'), WAIT);
  await live.graph('g', 'CREATE (:Writable)');
  expect(await live.nodeCounts()).toEqual({ g: 2 });
  await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), WAIT);
  expect((await runsOf(service)).filter(({ verb }: { verb: string }) => verb === 'restore')).toMatchObject([
    { outcome: 'failed', failure: { message: expect.stringContaining('has its old data and takes writes again') } },
  ]);
});

test('several targets are looked after, and one that is away keeps none of the others from its backup', async () => {
  const file = join(folder.path, 'targets.json');
  const { FALKORDB_URL = '', BACKUP_TARGET: _, ...common } = env;
  const targets = [
    { BACKUP_TARGET: 'gone', FALKORDB_URL: 'redis://127.0.0.1:1' },
    { BACKUP_TARGET: 'shop', FALKORDB_URL },
  ];
  await writeFile(file, JSON.stringify({ targets }));
  await using service = await startService(common, ['--targets-file', file]);
  await untilFirstBackup(service);
  await vi.waitFor(async () => {
    const [gone, shop] = (await service.api('targets')).targets;
    expect(gone).toMatchObject({ target: 'gone', database: { state: 'down' }, lastFailure: { tier: 'snapshot' } });
    expect(shop).toMatchObject({ target: 'shop', database: { state: 'up' }, lastFailure: null });
  }, WAIT);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
});

describe('a service refuses at its start', () => {
  const refused = (args: string[], more: Record<string, string> = {}) =>
    agentCommand(['run', ...args], { env: { ...env, ...more } });

  test('wrong settings, all of them at once', async () => {
    const more = { BACKUP_SCHEDULE_DAILY: '61 * * * *', BACKUP_LISTEN: 'nowhere', BACKUP_DASHBOARD_TOKEN: 'short' };
    const { exitCode, stderr } = await refused([], more);
    expect(exitCode).toBe(2);
    for (const name of Object.keys(more)) expect(stderr).toContain(name);
    expect(stderr).not.toContain('short)');
  });

  test('a port that is taken', async () => {
    await using service = await startService(env);
    const { exitCode, stderr } = await refused(['--listen', new URL(service.url).host]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('BACKUP_LISTEN')]);
  });

  test('a file of targets with what is wrong in each', async () => {
    const file = join(folder.path, 'targets.json');
    const secret = 'not-to-be-shown';
    const targets = [
      { FALKORDB_URL: live.server.url },
      { BACKUP_TARGET: 'twice', [secret]: 'x' },
      { BACKUP_TARGET: 'twice', BACKUP_LISTEN: '127.0.0.1:1' },
      { BACKUP_TARGET: 'other', BACKUP_STORE: 'file:///elsewhere' },
    ];
    await writeFile(file, JSON.stringify({ targets }));
    const { exitCode, stderr } = await refused(['--targets-file', file]);
    expect(exitCode).toBe(2);
    for (const problem of [
      'target number 1 has no BACKUP_TARGET',
      'target number 1: FALKORDB_URL is set for all targets as well',
      'target twice is there twice',
      'target twice: one of its names is no setting',
      'target twice: BACKUP_LISTEN is for the whole service',
      'target other: BACKUP_STORE is set for all targets as well',
    ]) {
      expect(stderr).toContain(problem);
    }
    expect(stderr).not.toContain(secret);
  });

  test('a file of targets with wrong settings, by target', async () => {
    const { FALKORDB_URL: _, BACKUP_TARGET: __, ...common } = env;
    const file = join(folder.path, 'targets.json');
    const targets = [
      { BACKUP_TARGET: 'one', FALKORDB_URL: 'http://nowhere' },
      { BACKUP_TARGET: 'two', BACKUP_COMPRESSION: 'lzma' },
    ];
    await writeFile(file, JSON.stringify({ targets }));
    const { exitCode, stderr } = await agentCommand(['run', '--targets-file', file], { env: common });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/target one: .*\n?.*FALKORDB_URL/);
    expect(stderr).toMatch(/target two: .*\n?.*BACKUP_COMPRESSION/);
  });
});

async function verdictsOf(runId: string): Promise<unknown[]> {
  return (await findRun(new FileStore(root), 'shop', runId))?.verdicts ?? [];
}
