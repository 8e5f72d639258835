import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readContents } from '../../agent/contents.ts';
import { checkUnfinishedRestore } from '../../agent/doctor/restore-check.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { readUdfLibraries } from '../../agent/falkordb/udf-libraries.ts';
import { readWriteLimits, refuseWrites } from '../../agent/falkordb/write-limits.ts';
import { ownIdentity } from '../../agent/process-identity.ts';
import { Journal, type JournalRecord } from '../../agent/restore/journal.ts';
import { recoverTarget } from '../../agent/restore/recover-target.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { leaseKey } from '../../core/model/keys.ts';
import { FileStore } from '../../core/store/file-store.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { nextRunId, runsOf, TARGET } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { crc64 } from '../support/rdb-bytes.ts';
import { RecordingSink } from '../support/recording-sink.ts';
import { restoreDeps, restoreInto } from '../support/restores.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { watched } from '../support/watched-store.ts';

const NOWHERE = { host: '127.0.0.1', port: 1 };
const SAFETY_BACKUP = '20261123T024208Z-shop-pre-restore';

let folder: TemporaryFolder;
let store: FileStore;
let state: string;
let live: LiveServer;
let sink: RecordingSink;
beforeEach(async () => {
  sink = new RecordingSink();
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  state = join(folder.path, 'state');
  live = await startLiveServer();
  await live.graph('g', 'UNWIND range(1, 20) AS i CREATE (:P {id: i})');
  return async () => {
    await live[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
});

/** As a restore that was killed leaves it: frozen, and with a journal. */
async function freeze(
  change: Partial<JournalRecord> = {},
  beforeFrozen: () => Promise<unknown> = async () => {},
): Promise<Journal> {
  using db = await Database.connect(live.address);
  const { runId, configRewrites, replication } = await db.info();
  const journal = await Journal.create(state, {
    schemaVersion: 1,
    runId: nextRunId(),
    target: TARGET,
    startedAt: new Date().toISOString(),
    process: ownIdentity(),
    source: 'a backup',
    safetyBackupId: SAFETY_BACKUP,
    server: { address: db.name, runId, configRewrites },
    connections: [],
    master: NOWHERE,
    masterauthSha256: null,
    streams: [{ replicationId: 'a'.repeat(40), holds: 'backup' }],
    expected: null,
    old: await readContents(db, { onProgress: () => {}, signal: new AbortController().signal }),
    handedOver: true,
    replicationId: replication.id,
    ...change,
  });
  await beforeFrozen();
  await db.call('REPLICAOF', NOWHERE.host, NOWHERE.port);
  return journal;
}

const recover = (server: LiveServer = live, from: ObjectStore = store) =>
  recoverTarget(restoreDeps(server, from, state, { deps: { sinks: [sink] } }), { force: true });

const role = (server: LiveServer = live) => server.info('role');

async function expectFree(): Promise<void> {
  expect(await role()).toBe('master');
  await live.client.set('writable', 'yes');
  expect(existsSync(join(state, `restore-${TARGET}.json`))).toBe(false);
}

test('a journal of another server is kept, and neither server is touched', async () => {
  const { path } = await freeze();
  await using other = await startLiveServer();
  await expect(recover(other)).rejects.toMatchObject({
    code: 'database-unsuitable',
    message: expect.stringMatching(new RegExp(`is of FalkorDB at ${live.server.url}.* names ${other.server.url}`)),
  });
  expect([existsSync(path), await role()]).toEqual([true, 'slave']);
  expect(await recover()).toMatchObject({ status: 'recovered', holds: 'old data', exitCode: 0 });
  await expectFree();
});

test('what a recovery came to is told, and that it could not be done too', async () => {
  const { runId } = (await freeze()).record;
  await using other = await startLiveServer();
  await expect(recover(other)).rejects.toMatchObject({ code: 'database-unsuitable' });
  await recover();
  const about = { target: TARGET, runId, backupId: null };
  expect(sink.events).toMatchObject([
    {
      type: 'Restore Failed',
      detail: {
        ...about,
        eventId: expect.stringMatching(/\/not-recovered$/),
        failure: { code: 'database-unsuitable' },
        hint: expect.stringMatching(/./),
      },
    },
    {
      type: 'Restore Failed',
      detail: {
        ...about,
        eventId: expect.stringMatching(/\/recovered$/),
        message: expect.stringContaining('has its old data and takes writes again'),
      },
    },
  ]);
});

test('a recovery that nobody can be told of is one, and a further verdict says so', async () => {
  const { runId } = (await freeze()).record;
  sink.isDown = true;
  expect(await recover()).toMatchObject({ status: 'recovered', exitCode: 0 });
  const run = (await runsOf(store)).find((each) => each.runId === runId);
  const [first, ...others] = run?.verdicts ?? [];
  expect(first).toMatchObject({ verdict: 'failed', undelivered: [] });
  expect(others).toEqual([{ ...first, undelivered: [{ sink: 'recording sink', error: 'The sink is down.' }] }]);
  await expectFree();
});

test('what a recovery came to is recorded before anybody is told', async () => {
  const { runId } = (await freeze()).record;
  const verdicts = async () => (await runsOf(store)).find((each) => each.runId === runId)?.verdicts.length;
  const seen: unknown[] = [];
  const sinks = [{ name: 'watcher', send: async () => void seen.push(await verdicts()) }];
  await recoverTarget(restoreDeps(live, store, state, { deps: { sinks } }), { force: true });
  expect(seen).toEqual([1]);
});

test('a restore that ends while its recovery waits for it needs none', async () => {
  const journal = await freeze();
  const holder = { ...ownIdentity(), host: 'elsewhere' };
  const request = { target: TARGET, runId: journal.record.runId, holder, isDead: () => false, now: () => new Date() };
  const lease = await Lease.acquire(store, request);
  const recovering = recoverTarget(restoreDeps(live, store, state), { force: false, waitSeconds: 60 });
  await live.client.call('REPLICAOF', 'NO', 'ONE');
  await journal.remove();
  await lease.release();
  expect(await recovering).toMatchObject({ status: 'nothing-to-recover', exitCode: 0 });
  await expectFree();
});

describe('a server that had the last bytes, and kept its history,', () => {
  test('has its old data where that is still there', async () => {
    await freeze();
    expect(await recover()).toMatchObject({ holds: 'old data', exitCode: 0 });
    await expectFree();
  });

  test.each([
    ['is empty', () => live.client.flushall()],
    ['holds something else', () => live.graph('g', 'MATCH (p:P {id: 7}) DELETE p')],
  ])('is not said to have its old data where it %s', async (_, lose) => {
    await freeze({}, lose);
    const { holds, exitCode, differences, message } = await recover();
    expect({ holds, exitCode }).toEqual({ holds: 'unknown', exitCode: 4 });
    expect(differences).not.toEqual([]);
    expect(message).toContain(`falkordb-backup restore ${SAFETY_BACKUP}`);
    await expectFree();
  });

  test('is not said so either by a restore whose dump Redis refused, without a way back', async () => {
    await live.client.save();
    const dump = await readFile(join(live.server.folder, 'dump.rdb'));
    dump.write('REDIS0099');
    dump.writeBigUInt64LE(crc64(dump.subarray(0, -8)), dump.length - 8);
    const path = join(folder.path, 'newer.rdb');
    await writeFile(path, dump);
    const request = { unproven: true, allowNewerEngine: true, withSafetyBackup: false };
    const failure = await restoreInto(live, store, state, { reference: path, request }).catch((error) => error);
    expect(failure).toMatchObject({ message: expect.stringContaining('holds neither') });
    expect(failure.message).toContain('There is no safety backup');
    expect(await live.nodeCounts()).toEqual({});
    await expectFree();
  });
});

describe('a server that answers no query is set free all the same', () => {
  const answerNoQuery = () => live.client.call('GRAPH.CONFIG', 'SET', 'QUERY_MEM_CAPACITY', 1);

  test('with the backup in it', async () => {
    const replicationId = await live.info('master_replid');
    await freeze({ streams: [{ replicationId, holds: 'backup' }] }, answerNoQuery);
    const { message, ...recovered } = await recover();
    expect(recovered).toMatchObject({ holds: 'backup', exitCode: 4, couldNotCompare: true });
    expect(message).toContain('could not be compared');
    await expectFree();
  });

  test('with its old data', async () => {
    await freeze({}, answerNoQuery);
    expect(await recover()).toMatchObject({ holds: 'old data', exitCode: 4, couldNotCompare: true });
    await expectFree();
  });

  test('after a restart, as far as that goes', async () => {
    await freeze({ server: { address: live.server.url, runId: 'an earlier one', configRewrites: 0 } }, answerNoQuery);
    await live.client.call('REPLICAOF', 'NO', 'ONE');
    const { message, ...recovered } = await recover();
    expect(recovered).toMatchObject({ holds: 'unknown', exitCode: 4 });
    expect(message).toContain('nobody could tell what it holds');
    await expectFree();
  });
});

test('a journal that cannot be written does not keep it frozen', async () => {
  const { path } = await freeze();
  // A full disk: what is written beside the journal cannot be.
  await mkdir(`${path}.partial`);
  expect(await recover()).toMatchObject({ holds: 'old data', exitCode: 0 });
  await expectFree();
  await rm(`${path}.partial`, { recursive: true });
});

describe('its config file, written by somebody meanwhile, is written again', () => {
  test.each([
    ['REWRITE', []],
    ['REWRITE, and RESETSTAT hides it', ['RESETSTAT']],
    ['REWRITE, and RESETSTAT and REWRITE again', ['RESETSTAT', 'REWRITE']],
  ])('after %s', async (_, more) => {
    await live.client.config('REWRITE');
    await freeze();
    await live.client.config('REWRITE');
    for (const word of more) await live.client.call('CONFIG', word);
    const file = await live.info('config_file');
    expect(await readFile(file, 'utf8')).toContain('replicaof');
    expect(await recover()).toMatchObject({ notes: [expect.stringMatching(/CONFIG REWRITE (ran|may have run)/)] });
    expect(await readFile(file, 'utf8')).not.toContain('replicaof');
  });

  test('but it is left alone where nobody did', async () => {
    await live.client.config('REWRITE');
    await freeze();
    expect(await recover()).toMatchObject({ notes: [] });
    expect(await live.client.info('commandstats')).toContain('cmdstat_config|rewrite:calls=1,');
  });
});

test('a lease that cannot be given back does not make a success a failure', async () => {
  await freeze();
  let hasVerdict = false;
  const failing = watched(store, async (call, key) => {
    if (hasVerdict && call === 'put' && key === leaseKey(TARGET)) throw new Error('the store is away');
    hasVerdict ||= call === 'put' && key.includes('verdict');
  });
  expect(await recover(live, failing)).toMatchObject({ status: 'recovered', exitCode: 0 });
  expect(hasVerdict).toBe(true);
  await expectFree();
});

test.each([
  ['come back into the old data', undefined, ['old']],
  ['do not come into data of another history', 'b'.repeat(40), []],
])('UDF libraries that were dropped %s', async (_, replicationId, expected) => {
  const oldLibraries = [{ name: 'old', code: "falkor.register('twice', function (x) { return 2 * x; });" }];
  await freeze({ oldLibraries, ...(replicationId ? { replicationId } : {}) });
  await recover();
  using db = await Database.connect(live.address);
  expect((await readUdfLibraries(db))?.map(({ name }) => name)).toEqual(expected);
});

describe('doctor', () => {
  const check = () => checkUnfinishedRestore(restoreDeps(live, store, state).config, store, new Date());
  const problem = { level: 'problem', fix: expect.stringContaining('restore --recover') };

  test('finds nothing where no restore was', async () => {
    expect(await check()).toMatchObject({ level: 'ok' });
  });

  test('finds a journal', async () => {
    const { path } = await freeze();
    expect(await check()).toMatchObject({ ...problem, message: expect.stringContaining(path) });
  });

  test('finds a server that refuses all writes, whose journal is elsewhere', async () => {
    using db = await Database.connect(live.address);
    const own = await readWriteLimits(db);
    await refuseWrites(db);
    expect(await check()).toMatchObject(problem);
    await db.call('CONFIG', 'SET', ...Object.entries(own).flat());
    expect(await check()).toMatchObject({ level: 'ok' });
  });

  test('finds a replica without a master, whose journal is elsewhere', async () => {
    await (await freeze()).remove();
    expect(await check()).toMatchObject({ ...problem, level: 'warning' });
    await live.client.config('SET', 'masterauth', 'ab'.repeat(32));
    expect(await check()).toMatchObject(problem);
  });
});
