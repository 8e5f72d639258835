import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { readContents } from '../../agent/contents.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { dropUdfLibraries, readUdfLibraries, type UdfLibrary } from '../../agent/falkordb/udf-libraries.ts';
import { ownIdentity } from '../../agent/process-identity.ts';
import { Journal } from '../../agent/restore/journal.ts';
import { recover } from '../../agent/restore/recover.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, nextRunId, TARGET } from '../support/backups.ts';
import { LONG } from '../support/dumps.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { expectFree } from '../support/restore-environment.ts';
import { planOf, restoreDeps, restoreInto } from '../support/restores.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const library = (name: string, factor: number): UdfLibrary => ({
  name,
  code: `falkor.register('times', function (x) { return x * ${factor}; });`,
});
const OLD = [library('common', 2), library('old', 3)];
const NEW = [library('common', 5), library('new', 7)];

let folder: TemporaryFolder;
let store: FileStore;
let state: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  state = join(folder.path, 'state');
  return () => folder[Symbol.asyncDispose]();
});

async function startWith(libraries: UdfLibrary[]): Promise<LiveServer> {
  const live = await startLiveServer();
  for (const { name, code } of libraries) await live.client.call('GRAPH.UDF', 'LOAD', name, code);
  await live.graph('g', 'CREATE (:Node)');
  return live;
}

async function libraries({ address }: Pick<LiveServer, 'address'>): Promise<UdfLibrary[] | undefined> {
  using db = await Database.connect(address);
  return (await readUdfLibraries(db))?.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function backUpNew(): Promise<string> {
  await using source = await startWith(NEW);
  return manifestOf(await backUp(source, store, { config: { compression: 'none' } })).backupId;
}

test('UDF libraries are those of the backup, and no others, and come back with the safety backup', async () => {
  const backupId = await backUpNew();
  await using live = await startWith(OLD);
  const { safetyBackupId } = await restoreInto(live, store, state, { reference: backupId });
  expect(await libraries(live)).toEqual(NEW);
  const [, rows] = (await live.graph('g', 'RETURN common.times(1), new.times(1)')) as unknown[];
  expect(rows).toEqual([[5, 7]]);
  await restoreInto(live, store, state, { reference: safetyBackupId ?? '' });
  expect(await libraries(live)).toEqual(OLD);
});

test('a backup without any leaves none', async () => {
  await using source = await startWith([]);
  const { backupId } = manifestOf(await backUp(source, store));
  await using live = await startWith(OLD);
  await restoreInto(live, store, state, { reference: backupId });
  expect(await libraries(live)).toEqual([]);
});

test('a restore whose backup is damaged leaves those that were there', async () => {
  await using source = await startWith(NEW);
  const { stored } = manifestOf(await backUp(source, store));
  const path = join(folder.path, 'store', stored.key);
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, bytes.length - 20));
  await using live = await startWith(OLD);
  const unproven = restoreInto(live, store, state, { request: { unproven: true } });
  await expect(unproven).rejects.toMatchObject({ code: 'integrity' });
  expect(await libraries(live)).toEqual(OLD);
  await expectFree(live, state);
});

test('dropped for data that then did not come, they are brought back by a recovery', async () => {
  await using live = await startWith(OLD);
  using db = await Database.connect(live.address);
  const { signal } = new AbortController();
  const { runId, configRewrites } = await db.info();
  const journal = await Journal.create(state, {
    schemaVersion: 1,
    runId: nextRunId(),
    target: TARGET,
    startedAt: new Date().toISOString(),
    process: ownIdentity(),
    source: 'a backup',
    safetyBackupId: null,
    server: { address: db.name, runId, configRewrites },
    connections: [],
    master: { host: '127.0.0.1', port: 1 },
    masterauthSha256: null,
    streams: [{ replicationId: 'a'.repeat(40), holds: 'backup' }],
    expected: null,
    old: await readContents(db, { onProgress: () => {}, signal }),
    oldLibraries: OLD,
    isDurable: false,
  });
  await db.call('REPLICAOF', '127.0.0.1', 1);
  await dropUdfLibraries(db);
  expect(await libraries(live)).toEqual([]);
  const { address } = live;
  const deps = { address, timeouts: LONG, timeoutSeconds: 60, log: pino({ level: 'silent' }), signal };
  expect(await recover(journal, deps)).toMatchObject({ holds: 'old data' });
  expect(await libraries(live)).toEqual(OLD);
  await expectFree(live, state);
});

test('a user that may not replace them is told so in the plan, and the rest is restored', async () => {
  const backupId = await backUpNew();
  await using live = await startWith(OLD);
  await live.client.call('ACL', 'SETUSER', 'restorer', 'on', '>pw', '~*', '+@all', '-graph.udf');
  const address = { ...live.address, username: 'restorer', password: 'pw' };
  const plan = await planOf({ reference: backupId }, restoreDeps({ address }, store, state));
  expect(plan.notes).toEqual([expect.stringMatching(/UDF libraries .* stay.*ACL SETUSER restorer \+graph\.udf/)]);
  await restoreInto({ address }, store, state, { reference: backupId });
  expect(await libraries(live)).toEqual([...OLD, ...NEW.slice(1)].toSorted((a, b) => (a.name < b.name ? -1 : 1)));
});
