import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BackupDeps } from '../../../../agent/backup.ts';
import { execute } from '../../../../agent/execute.ts';
import { ownIdentity } from '../../../../agent/process-identity.ts';
import { Journal } from '../../../../agent/restore/journal.ts';
import { recoverTarget } from '../../../../agent/restore/recover-target.ts';
import { Lease } from '../../../../core/catalog/lease.ts';
import { findRun, recordRequested, recordStarted, recordVerdict } from '../../../../core/catalog/runs.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { leaseKey } from '../../../../core/model/keys.ts';
import type { ProcessIdentity } from '../../../../core/model/lease.ts';
import type { Requested, Verdict } from '../../../../core/model/run-record.ts';
import { configOf } from '../../../support/backups.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { watched } from '../../../support/watched-store.ts';

/* What is decided before a FalkorDB is asked: none answers here. */

const TARGET = 'falkordb';
const RUN_ID = '20261122T023000Z-daily';
const OTHER = '20261122T022900Z-other';
const BACKUP_ID = '20261122T023000Z-falkordb-daily';
const AT = '2026-11-22T02:30:00.000Z';
const NOWHERE = { host: '127.0.0.1', port: 1, tls: false, ca: undefined, username: undefined, password: undefined };

const WORDS = {
  backup: ['tier=daily', `scheduled-for=${AT}`],
  restore: [`backup=${BACKUP_ID}`],
  plan: [`backup=${BACKUP_ID}`],
  recover: [],
};
type Recorded = 'backup' | 'restore' | 'plan';

let store: MemoryStore;
let deps: BackupDeps;
beforeEach(() => {
  store = new MemoryStore();
  deps = {
    config: configOf(NOWHERE, store),
    store,
    now: () => new Date(AT),
    log: pino({ level: 'silent' }, new PassThrough()),
    onProgress: () => {},
    signal: new AbortController().signal,
  };
});

const common = { schemaVersion: 1 as const, runId: RUN_ID, target: TARGET };
const wordsOf = (action: keyof typeof WORDS, target = TARGET) => [
  'version=1',
  `action=${action}`,
  `target=${target}`,
  `run-id=${RUN_ID}`,
  ...WORDS[action],
];
const deliver = (action: keyof typeof WORDS, changes: Partial<BackupDeps> = {}) =>
  execute(wordsOf(action), { ...deps, ...changes });
const request = (verb: Requested['verb'], backupId: string | null = BACKUP_ID) =>
  recordRequested(store, { ...common, verb, backupId, requestedAt: AT });
const start = () => recordStarted(store, { ...common, startedAt: AT, host: 'h', pid: 1, toolVersion: '1' });
const conclude = (verdict: Verdict['verdict']) =>
  recordVerdict(store, { ...common, verdict, endedAt: AT, reason: null, failure: null, steps: [] });
const ELSEWHERE = { host: 'elsewhere', pid: 7, bootId: null, pidNamespace: null, startTicks: null };
const hold = (runId: string, holder: ProcessIdentity = ELSEWHERE) =>
  Lease.acquire(store, { target: TARGET, runId, holder, isDead: () => false, now: deps.now });
const verdicts = async () => (await findRun(store, TARGET, RUN_ID))?.verdicts ?? [];

const DUPLICATE = { action: 'duplicate', runId: RUN_ID };

describe('execute', () => {
  it.each(Object.keys(WORDS) as (keyof typeof WORDS)[])('does no %s of another target', async (action) => {
    await expect(execute(wordsOf(action, 'shop'), deps)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/for target shop, but this agent stands beside falkordb/),
      hint: expect.stringContaining('BACKUP_TARGET=shop'),
    });
    expect(store.calls).toEqual([]);
  });

  it.each<[Recorded, Verdict['verdict']]>([
    ['backup', 'completed'],
    ['backup', 'skipped'],
    ['plan', 'completed'],
    ['restore', 'completed'],
    ['restore', 'failed'],
  ])('does nothing more for a %s that has %s', async (action, verdict) => {
    await request(action);
    await conclude(verdict);
    expect(await deliver(action)).toEqual(DUPLICATE);
    expect(await verdicts()).toHaveLength(1);
  });

  it.each<[Recorded]>([['backup'], ['plan']])('tries a %s again that has failed', async (action) => {
    await request(action);
    await start();
    await conclude('failed');
    await expect(deliver(action)).rejects.toMatchObject({ code: expect.stringMatching(/^(database|backup-not)/) });
    expect(await verdicts()).toHaveLength(2);
  });

  it('does nothing more for a restore that is at work', async () => {
    await request('restore');
    await start();
    const lease = await hold(RUN_ID);
    expect(await deliver('restore')).toEqual(DUPLICATE);
    expect(await verdicts()).toEqual([]);
    await lease.release();
  });

  it('says that a restore was cut off which has begun, and at which nobody is at work', async () => {
    await request('restore');
    await start();
    const cutOff = {
      code: 'restore-unfinished',
      exitCode: 10,
      message: expect.stringContaining(RUN_ID),
      hint: expect.stringContaining('restore --recover'),
    };
    await expect(deliver('restore')).rejects.toMatchObject(cutOff);
    const lease = await hold(OTHER);
    await expect(deliver('restore')).rejects.toMatchObject(cutOff);
    await lease.release();
    // Who watches the command tells and records it.
    expect(await verdicts()).toEqual([]);
  });

  it('says so too where a dead process of this host has the lease still', async () => {
    await request('restore');
    await start();
    const lease = await hold(RUN_ID, { ...ownIdentity(), startTicks: '1' });
    await expect(deliver('restore')).rejects.toMatchObject({ code: 'restore-unfinished' });
    await lease.release();
  });

  it('does not say so where the verdict came just before the lease was given back', async () => {
    await request('restore');
    await start();
    const ending = watched(store, async (call, key) => {
      if (call === 'get' && key === leaseKey(TARGET) && (await verdicts()).length === 0) await conclude('completed');
    });
    expect(await deliver('restore', { store: ending })).toEqual(DUPLICATE);
  });

  it.each<[Recorded, Requested['verb'], string]>([
    ['restore', 'backup', BACKUP_ID],
    ['restore', 'plan', BACKUP_ID],
    ['plan', 'restore', BACKUP_ID],
    ['backup', 'restore', BACKUP_ID],
    ['restore', 'restore', '20261121T023000Z-falkordb-daily'],
    ['backup', 'backup', '20261121T023000Z-falkordb-daily'],
  ])('does no %s under the id of a run that is the %s of %s', async (action, verb, backupId) => {
    await request(verb, backupId);
    await conclude('completed');
    await expect(deliver(action)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(`is the ${verb} of ${backupId}`),
    });
    expect(await verdicts()).toHaveLength(1);
  });
});

describe('a restore that cannot be planned', () => {
  const isMissing = { code: 'backup-not-found' };

  it('has failed, and its record says why', async () => {
    await expect(deliver('restore')).rejects.toMatchObject(isMissing);
    const run = await findRun(store, TARGET, RUN_ID);
    expect(run).toMatchObject({
      requested: { verb: 'restore', backupId: BACKUP_ID },
      verdicts: [{ verdict: 'failed', failure: { ...isMissing, message: expect.stringContaining(BACKUP_ID) } }],
    });
    expect(run?.started).toBeUndefined();
  });

  it('is told of, and its record says where it could not be told', async () => {
    const sinks = [new RecordingSink(), Object.assign(new RecordingSink(), { isDown: true })];
    await expect(deliver('restore', { sinks })).rejects.toMatchObject(isMissing);
    const detail = { runId: RUN_ID, target: TARGET, backupId: BACKUP_ID, failure: isMissing };
    expect(sinks.map(({ events }) => events)).toMatchObject([[{ type: 'Restore Failed', detail }], []]);
    expect(await verdicts()).toMatchObject([{ undelivered: [{ sink: 'recording sink' }] }]);
  });

  it('is a duplicate where another delivery has begun meanwhile', async () => {
    const busy = watched(store, async (call) => {
      if (call === 'get' && !(await findRun(store, TARGET, RUN_ID))) await start();
    });
    expect(await deliver('restore', { store: busy })).toEqual(DUPLICATE);
    expect(await verdicts()).toEqual([]);
  });

  it('fails with its own reason where the store takes no more records', async () => {
    store.put = () => Promise.reject(new Error('the store is full'));
    await expect(deliver('restore')).rejects.toMatchObject(isMissing);
  });
});

describe('while another run is at work,', () => {
  const record = (verb: Requested['verb']) =>
    recordRequested(store, { ...common, runId: OTHER, verb, backupId: null, requestedAt: AT });

  it.each<[Recorded]>([['restore'], ['plan']])('a %s is refused where that is a restore, by name', async (action) => {
    await record('restore');
    const lease = await hold(OTHER);
    const held = { code: 'lease-held', message: expect.stringContaining(OTHER) };
    await expect(deliver(action)).rejects.toMatchObject({ ...held, exitCode: 5, retryable: true });
    expect(await verdicts()).toMatchObject([{ verdict: 'failed', failure: held }]);
    await lease.release();
  });

  it('a restore is planned where that is no restore', async () => {
    await record('backup');
    const lease = await hold(OTHER);
    await expect(deliver('restore')).rejects.toMatchObject({ code: 'backup-not-found' });
    await lease.release();
  });

  it('the very same restore is left to it, before it has noted that it has begun', async () => {
    await request('restore');
    const lease = await hold(RUN_ID);
    expect(await deliver('restore')).toEqual(DUPLICATE);
    expect(await verdicts()).toEqual([]);
    await lease.release();
  });
});

describe('a plan that cannot be made', () => {
  it('has failed, and its record says why', async () => {
    await expect(deliver('plan')).rejects.toMatchObject({ code: 'backup-not-found' });
    const run = await findRun(store, TARGET, RUN_ID);
    expect(run).toMatchObject({
      requested: { verb: 'plan', backupId: BACKUP_ID },
      started: { pid: process.pid },
      verdicts: [{ verdict: 'failed', failure: { code: 'backup-not-found' } }],
    });
    expect(run?.plan).toBeUndefined();
  });

  it('says so where the time was up, and where it was stopped', async () => {
    const never = watched(store, (_, key) => (key.includes('manifest') ? stopped() : Promise.resolve()));
    const stopped = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new DOMException('This operation was aborted', 'AbortError');
    };
    const config = { ...deps.config, timeoutSeconds: 0.01 };
    await expect(deliver('plan', { store: never, config })).rejects.toMatchObject({ code: 'deadline' });
    const reason = new Error('Stopped by SIGTERM.');
    const signal = AbortSignal.abort(reason);
    await expect(deliver('plan', { store: never, signal })).rejects.toBe(reason);
  });
});

it('a recovery says that the restore is still at work: whoever asks believes that it has ended', async () => {
  await using folder = await temporaryFolder();
  await Journal.create(folder.path, {
    ...common,
    startedAt: AT,
    process: ELSEWHERE,
    source: BACKUP_ID,
    safetyBackupId: null,
    server: { address: 'redis://127.0.0.1:1', runId: 'r', configRewrites: 0 },
    connections: [],
    master: null,
    masterauthSha256: null,
    streams: [],
    expected: null,
    old: null,
  });
  const lease = await hold(RUN_ID);
  const config = { ...deps.config, stateFolder: folder.path };
  const recovering = (waitSeconds: number, signal = deps.signal) =>
    recoverTarget({ ...deps, config, signal }, { force: false, waitSeconds });
  const atWork = { code: 'lease-held', exitCode: 5, message: expect.stringContaining(`run ${RUN_ID}`) };
  await expect(recovering(0)).rejects.toMatchObject(atWork);
  const began = performance.now();
  await expect(recovering(0.3)).rejects.toMatchObject({ ...atWork, hint: expect.not.stringContaining('BACKUP_') });
  expect(performance.now() - began).toBeGreaterThan(250);
  const reason = new BackupError('interrupted', 'Stopped by SIGTERM.');
  await expect(recovering(3600, AbortSignal.abort(reason))).rejects.toBe(reason);
  await lease.release();
});
