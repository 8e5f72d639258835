import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { METRICS, type MetricDefinition, type MetricName } from '../../../../agent/metrics/definitions.ts';
import { parseSamples, toRegistry } from '../../../../agent/metrics/registry.ts';
import { type ReportDeps, reportCommand } from '../../../../agent/metrics/report-command.ts';
import { TOOL } from '../../../../agent/tool.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const MADE = Date.parse('2026-11-22T02:30:00Z') / 1000;

let folder: TemporaryFolder;
let path: string;
let store: MemoryStore;
let logged: string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'falkordb-backup.prom');
  store = new MemoryStore();
  logged = [];
  await storeBackup(store, 'shop', 'daily', new Date('2026-11-22T02:30:00Z'));
});
afterEach(() => folder[Symbol.asyncDispose]());

async function report(verb: string, exitCode: number, deps: Partial<ReportDeps> = {}): Promise<void> {
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      logged.push(String(chunk));
      done();
    },
  });
  const { signal } = new AbortController();
  const log = pino(sink);
  await reportCommand(path, { verb, exitCode }, { target: 'shop', store, now: () => NOW, log, signal, ...deps });
}

const storeIsAway = (): MemoryStore => {
  const away = new MemoryStore();
  away.list = () => {
    throw new BackupError('store-unavailable', 'It is away.');
  };
  return away;
};

/** The value of a series, by labels that only it has. */
async function metricOf(name: MetricName, labels: Record<string, string> = {}): Promise<number | undefined> {
  const found = parseSamples(await readFile(path, 'utf8')).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  expect(found.length).toBeLessThan(2);
  return found[0]?.value;
}

const lastSuccess = () => metricOf('falkordb_backup_last_success_timestamp_seconds', { tier: 'daily' });
const exitCodeOf = (verb: string) => metricOf('falkordb_backup_command_exit_code', { verb });

it('writes what the store tells and how the command has ended, with HELP and TYPE of each metric', async () => {
  await report('backup', 0);
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  for (const [name, { help }] of Object.entries<MetricDefinition>(METRICS)) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`);
  }
  expect(text).toContain(`\nfalkordb_backup_info{target="shop",version="${TOOL.version}"} 1\n`);
  expect(text).toContain(`\nfalkordb_backup_last_success_timestamp_seconds{target="shop",tier="daily"} ${MADE}\n`);
  expect(await exitCodeOf('backup')).toBe(0);
  expect(await metricOf('falkordb_backup_command_timestamp_seconds')).toBe(NOW.getTime() / 1000);
  expect(logged).toEqual([]);
});

it('leaves a file that others may read, and no other one', async () => {
  const before = process.umask(0o077);
  try {
    await report('backup', 0);
  } finally {
    process.umask(before);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(await readdir(folder.path)).toEqual(['falkordb-backup.prom']);
});

it('never has half a file there', async () => {
  await report('backup', 0);
  const { ino } = await stat(path);
  await report('backup', 0);
  expect((await stat(path)).ino).not.toBe(ino);
});

it('keeps how other commands have ended', async () => {
  await report('verify', 4);
  await report('backup', 6);
  await report('backup', 0);
  expect(await exitCodeOf('verify')).toBe(4);
  expect(await exitCodeOf('backup')).toBe(0);
});

it('takes the place of all that the store told before', async () => {
  await report('backup', 0);
  await store.delete(store.keys.find((key) => key.endsWith('/manifest.json')) ?? '');
  await report('backup', 0);
  expect(await lastSuccess()).toBe(0);
  expect(await metricOf('falkordb_backup_last_nodes')).toBeUndefined();
});

it('keeps what the store told last where it cannot be read, and says so', async () => {
  await report('backup', 0);
  await report('backup', 7, { store: storeIsAway() });
  expect(await metricOf('falkordb_backup_store_up')).toBe(0);
  expect(await lastSuccess()).toBe(MADE);
  expect(await metricOf('falkordb_backup_runs', { verb: 'backup', outcome: 'completed' })).toBe(1);
  expect(await exitCodeOf('backup')).toBe(7);
  expect(logged.join()).toContain('It is away.');
  await report('status', 0);
  expect(await metricOf('falkordb_backup_store_up')).toBe(1);
});

it('does not wait for a store that does not answer', async () => {
  await report('backup', 0);
  const silent = new MemoryStore();
  silent.list = async function* () {
    await new Promise(() => {});
    yield* [];
  };
  await report('backup', 8, { store: silent, storeTimeoutMs: 20 });
  expect(await metricOf('falkordb_backup_store_up')).toBe(0);
  expect(await lastSuccess()).toBe(MADE);
  expect(logged.join()).toContain('did not answer within 0.02 s');
});

it('asks no store where the command was stopped, before or meanwhile', async () => {
  await report('backup', 0);
  store.calls.length = 0;
  await report('backup', 130, { signal: AbortSignal.abort() });
  expect(store.calls).toEqual([]);
  expect(await exitCodeOf('backup')).toBe(130);
  expect(await metricOf('falkordb_backup_store_up')).toBe(1);
  const stop = new AbortController();
  const stopping = new MemoryStore();
  stopping.list = async function* () {
    stop.abort();
    await new Promise(() => {});
    yield* [];
  };
  await report('prune', 130, { store: stopping, signal: stop.signal });
  expect(await exitCodeOf('prune')).toBe(130);
  expect(await metricOf('falkordb_backup_store_up')).toBe(1);
  expect(logged).toEqual([]);
});

it('drops what another target, another version or another tool has written there', async () => {
  const others = [
    'falkordb_backup_command_exit_code{target="other",verb="prune"} 3',
    'falkordb_backup_command_exit_code{target="shop",verb="prune",host="x"} 3',
    'falkordb_backup_info{target="shop",version="0.0.1"} 1',
    'other_metric{target="shop"} 3',
    'no line at all',
    'falkordb_backup_command_exit_code{target="shop",verb="verify"} 0',
  ];
  await writeFile(path, others.join('\n'));
  await report('backup', 0, { store: storeIsAway() });
  const samples = parseSamples(await readFile(path, 'utf8'));
  expect(samples.map(({ name, labels }) => [name, ...Object.values(labels)].join(' '))).toEqual([
    `falkordb_backup_info shop ${TOOL.version}`,
    'falkordb_backup_store_up shop',
    'falkordb_backup_command_exit_code shop verify',
    'falkordb_backup_command_exit_code shop backup',
    'falkordb_backup_command_timestamp_seconds shop backup',
  ]);
});

it('warns where the file cannot be written', async () => {
  await mkdir(path);
  await report('backup', 0);
  const missing = join(folder.path, 'missing', 'x.prom');
  path = missing;
  await report('backup', 0);
  expect(logged.map((line) => JSON.parse(line).msg)).toEqual(Array(2).fill('The metrics file could not be written'));
  expect(logged[1]).toContain(missing);
  expect(await readdir(folder.path)).toEqual(['falkordb-backup.prom']);
});

it('reads what it has written, whatever a label holds', async () => {
  const labels = { target: 'shop', version: 'a"b\\n\\c\nd,e="f"} 1' };
  const samples = [{ name: 'falkordb_backup_info' as const, labels, value: 1.5 }];
  expect(parseSamples(await toRegistry(samples).metrics())).toEqual(samples);
});
