import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MetricName, Sample } from '../../agent/metrics/definitions.ts';
import { parseSamples } from '../../agent/metrics/registry.ts';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { PROMTOOL_MISSING, promtool } from '../support/promtool.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const NOBODY_LISTENS = 'redis://127.0.0.1:1';

let live: LiveServer;
let folder: TemporaryFolder;
let path: string;
beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'UNWIND range(1, 20) AS i CREATE (:Node {i: i})-[:IS]->(:Other)');
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'falkordb-backup.prom');
});
afterEach(() => folder[Symbol.asyncDispose]());

const agent = (args: string[], env: Record<string, string> = {}) =>
  agentCommand([...args, '--json'], {
    env: {
      FALKORDB_URL: live.server.url,
      BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
      BACKUP_STATE_DIR: join(folder.path, 'state'),
      BACKUP_SCRATCH_DIR: folder.path,
      BACKUP_METRICS_FILE: path,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/tmp', '.cache'),
      ...env,
    },
  });

async function read(): Promise<(name: MetricName, labels?: Sample['labels']) => number | undefined> {
  const samples = parseSamples(await readFile(path, 'utf8'));
  return (name, labels = {}) =>
    samples.find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
}

test('a failed backup shows itself beside the last good one, and the next good one clears it', async () => {
  const good = await agentCommand(['backup', '--tier', 'daily', '--json', '--metrics-file', path], {
    env: { FALKORDB_URL: live.server.url, BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href },
  });
  expect(good.exitCode).toBe(0);
  const parts = parseBackupId(good.json.backupId);
  const manifest = parts && (await findManifest(new FileStore(join(folder.path, 'store')), parts));
  const madeAt = Date.parse(manifest?.rdb.createdAt ?? '') / 1000;
  const daily = { tier: 'daily' };
  let metric = await read();
  expect(metric('falkordb_backup_last_success_timestamp_seconds', daily)).toBe(madeAt);
  expect(metric('falkordb_backup_last_rdb_bytes', daily)).toBe(manifest?.rdb.bytes);
  expect(metric('falkordb_backup_last_nodes', daily)).toBe(40);
  expect(metric('falkordb_backup_last_edges', daily)).toBe(20);
  expect(metric('falkordb_backup_last_run_failed', daily)).toBe(0);
  expect(metric('falkordb_backup_command_exit_code', { verb: 'backup' })).toBe(0);
  // Given back before the metrics are read.
  expect(metric('falkordb_backup_lease_held')).toBe(0);

  const failed = await agent(['backup', '--tier', 'daily'], { FALKORDB_URL: NOBODY_LISTENS });
  expect(failed.exitCode).toBe(6);
  metric = await read();
  expect(metric('falkordb_backup_last_success_timestamp_seconds', daily)).toBe(madeAt);
  expect(metric('falkordb_backup_last_run_failed', daily)).toBe(1);
  expect(metric('falkordb_backup_consecutive_failures', daily)).toBe(1);
  expect(metric('falkordb_backup_runs', { verb: 'backup', outcome: 'failed' })).toBe(1);
  expect(metric('falkordb_backup_command_exit_code', { verb: 'backup' })).toBe(6);

  expect((await agent(['backup', '--tier', 'daily'])).exitCode).toBe(0);
  metric = await read();
  expect(metric('falkordb_backup_last_success_timestamp_seconds', daily)).toBeGreaterThanOrEqual(madeAt);
  expect(metric('falkordb_backup_last_run_failed', daily)).toBe(0);
  expect(metric('falkordb_backup_runs', { verb: 'backup', outcome: 'failed' })).toBe(1);
});

test('what every verb leaves there is read by Prometheus', async () => {
  const backedUp = await agent(['backup']);
  expect(backedUp.exitCode).toBe(0);
  expect((await agent(['verify', '--load'])).exitCode).toBe(0);
  expect((await agent(['prune', '--apply'])).exitCode).toBe(0);
  expect((await agent(['restore', 'latest', '--force'])).exitCode).toBe(0);
  expect((await agent(['execute', 'version=1', 'action=backup', 'target=other'])).exitCode).toBe(2);
  expect((await agent(['status'])).exitCode).toBe(0);
  const metric = await read();
  for (const verb of ['backup', 'verify', 'prune', 'restore', 'status']) {
    expect(metric('falkordb_backup_command_exit_code', { verb }), verb).toBe(0);
  }
  expect(metric('falkordb_backup_command_exit_code', { verb: 'execute' })).toBe(2);
  expect(metric('falkordb_backup_last_proved_timestamp_seconds')).toBeGreaterThan(0);
  expect(metric('falkordb_backup_runs', { verb: 'restore', outcome: 'completed' })).toBe(1);
  expect(metric('falkordb_backup_last_success_timestamp_seconds', { tier: 'pre-restore' })).toBeGreaterThan(0);
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  if (!PROMTOOL_MISSING) {
    expect(await promtool(['check', 'metrics'], await readFile(path, 'utf8'))).toEqual({ exitCode: 0, all: '' });
  }
});

test('damage that verify finds is there, and so is the backup that it is about', async () => {
  const { json } = await agent(['backup', '--tier', 'daily']);
  const dump = join(folder.path, 'store', json.stored.key);
  const bytes = await readFile(dump);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await chmod(dump, 0o600);
  await writeFile(dump, bytes);
  expect((await agent(['verify'])).exitCode).toBe(4);
  const metric = await read();
  expect(metric('falkordb_backup_command_exit_code', { verb: 'verify' })).toBe(4);
  expect(metric('falkordb_backup_command_exit_code', { verb: 'backup' })).toBe(0);
});

test('a file that cannot be written is a warning, and one by another name is refused', async () => {
  const warned = await agent(['backup'], { BACKUP_METRICS_FILE: join(folder.path, 'missing', 'x.prom') });
  expect(warned.exitCode).toBe(0);
  expect(warned.json.status).toBe('completed');
  expect(warned.stderr).toContain('The metrics file could not be written');
  const refused = await agent(['backup'], { BACKUP_METRICS_FILE: join(folder.path, 'metrics.txt') });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('BACKUP_METRICS_FILE must end in .prom');
});

test('verbs that only look write none', async () => {
  expect((await agent(['list'])).exitCode).toBe(0);
  expect((await agent(['show'])).exitCode).toBe(3);
  expect(await readdir(folder.path)).not.toContain('falkordb-backup.prom');
  expect((await agent(['verify'])).exitCode).toBe(3);
  expect((await read())('falkordb_backup_command_exit_code', { verb: 'verify' })).toBe(3);
});
