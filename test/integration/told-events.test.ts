import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { backupsInUse } from '../../core/catalog/restores.ts';
import { newestVerification, recordVerification } from '../../core/catalog/verifications.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { reached, startAgentProcess } from '../support/agent-process.ts';
import { backUp, manifestOf, nextRunId, runsOf } from '../support/backups.ts';
import { EVENTS_SECRET, type EventBusServer, startEventBusServer } from '../support/event-bus-server.ts';
import { EXAMPLE_GRAPH } from '../support/example-manifest.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { RecordingSink } from '../support/recording-sink.ts';
import { restoreInto } from '../support/restores.ts';
import { hasFile } from '../support/store-files.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const PASSWORD = 'secret-of-the-database';
const S3_SECRET = 'secret-of-the-bucket';
const S3_KEY = 'access-key-of-the-bucket';
const DAY_MS = 24 * 3600 * 1000;

let live: LiveServer;
let bus: EventBusServer;
let folder: TemporaryFolder;
let root: string;
let store: FileStore;

beforeAll(async () => {
  live = await startLiveServer({ password: PASSWORD });
  await live.graph('g', 'UNWIND range(1, 20) AS i CREATE (:Node {i: i})');
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  bus = await startEventBusServer();
  folder = await temporaryFolder();
  root = join(folder.path, 'store');
  store = new FileStore(root);
});
afterEach(async () => {
  const received = bus.received.join('\n');
  for (const secret of [PASSWORD, S3_SECRET, S3_KEY, EVENTS_SECRET]) expect(received).not.toContain(secret);
  await bus[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const settings = () => ({
  FALKORDB_URL: live.server.url,
  BACKUP_STORE: pathToFileURL(root).href,
  BACKUP_STATE_DIR: join(folder.path, 'state'),
  BACKUP_SCRATCH_DIR: folder.path,
  BACKUP_EVENT_BUS: 'backups',
  S3_ACCESS_KEY: S3_KEY,
  S3_SECRET_KEY: S3_SECRET,
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/tmp', '.cache'),
  ...bus.env,
});
const agent = (args: string[], env: Record<string, string> = {}) =>
  agentCommand([...args, '--json'], { env: { ...settings(), ...env } });
const runOf = async (runId: string) => (await runsOf(store)).find((run) => run.runId === runId);
const told = () => bus.taken.map(({ type }) => type);

describe('a backup', () => {
  test('that is complete is told, with what it is, and its verdict names nobody', async () => {
    const runId = nextRunId();
    const { exitCode, json } = await agent(['backup', '--tier', 'daily', '--run-id', runId]);
    expect(exitCode).toBe(0);
    expect(bus.taken).toMatchObject([
      {
        source: 'falkordb.backup',
        type: 'Backup Completed',
        bus: 'backups',
        detail: {
          eventId: `backup-completed/falkordb/${runId}`,
          target: 'falkordb',
          tier: 'daily',
          runId,
          backupId: json.backupId,
          message: expect.stringContaining('1 graphs, 20 nodes'),
          sizes: { rdbBytes: json.rdb.bytes, storedBytes: json.stored.bytes },
        },
      },
    ]);
    expect((await runsOf(store)).flatMap(({ verdicts }) => verdicts)).toMatchObject([{ undelivered: [] }]);
  });

  test('that is skipped is told', async () => {
    for (let i = 0; i < 2; i++) expect(await agent(['backup', '--tier', 'snapshot'])).toMatchObject({ exitCode: 0 });
    expect(told()).toEqual(['Backup Completed', 'Backup Skipped']);
    expect(bus.taken[1]?.detail.message).toContain(bus.taken[0]?.detail.backupId);
  });

  test('whose database cannot be reached is told, with what to do', async () => {
    const { exitCode, json } = await agent(['backup'], { FALKORDB_URL: `redis://:${PASSWORD}@127.0.0.1:1` });
    expect(exitCode).toBe(6);
    const { code, message, hint, retryable } = json.error;
    expect(bus.taken).toMatchObject([
      {
        type: 'Backup Failed',
        detail: { message: expect.stringContaining(message), hint, failure: { code, message, hint, retryable } },
      },
    ]);
    expect(code).toBe('database-unreachable');
    expect(hint).toMatch(/./);
  });

  test('whose password is wrong is told, and neither password is', async () => {
    const url = live.server.url.replace(PASSWORD, S3_SECRET);
    expect(await agent(['backup'], { FALKORDB_URL: url })).toMatchObject({ exitCode: 6 });
    expect(bus.taken).toMatchObject([{ type: 'Backup Failed', detail: { failure: { code: 'database-denied' } } }]);
  });

  test('whose store cannot be written is told, though no record of it can be', async () => {
    await writeFile(root, 'in the way');
    const { exitCode, json } = await agent(['backup']);
    expect(exitCode).toBe(7);
    expect(bus.taken).toMatchObject([{ type: 'Backup Failed', detail: { failure: { code: json.error.code } } }]);
  });

  test('that found another one at work is told to have failed', async () => {
    const held = { runId: '20300101T000000Z-other', target: 'falkordb' };
    const holder = { host: 'elsewhere', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
    const at = new Date();
    const record = { schemaVersion: 1, token: 't', renewals: 0, ...held, holder, takenAt: at.toISOString() };
    const lease = { ...record, expiresAt: new Date(at.getTime() + DAY_MS).toISOString(), releasedAt: null };
    await store.put('locks/falkordb.json', new TextEncoder().encode(JSON.stringify(lease)));
    expect(await agent(['backup'])).toMatchObject({ exitCode: 5 });
    expect(await agent(['backup', '--run-id', held.runId])).toMatchObject({ exitCode: 5 });
    // The second is the same run, delivered twice: its end is for the first to tell.
    expect(bus.taken).toMatchObject([{ type: 'Backup Failed', detail: { failure: { code: 'lease-held' } } }]);
  });
});

describe('a bus', () => {
  test('that does not take an event at once is told it again', async () => {
    bus.manners = { refuse: (_, call) => (call === 1 ? 'ThrottlingException' : undefined) };
    expect(await agent(['backup'])).toMatchObject({ exitCode: 0 });
    expect(bus.calls).toEqual([1, 1]);
    expect(told()).toEqual(['Backup Completed']);
    expect((await runsOf(store)).flatMap(({ verdicts }) => verdicts)).toMatchObject([{ undelivered: [] }]);
  });

  test.each(['fail', 'stall'] as const)(
    'that can only %s fails no backup: log and verdict name it',
    async (manners) => {
      bus.manners = manners;
      const started = performance.now();
      const { exitCode, json, stderr } = await agent(['backup']);
      expect(exitCode).toBe(0);
      expect(json.status).toBe('completed');
      expect(performance.now() - started).toBeLessThan(35_000);
      expect(bus.received.length).toBeGreaterThan(1);
      const sink = 'EventBridge bus backups';
      const error = expect.stringMatching(/^EventBridge bus backups was not told of Backup Completed: \w+/);
      expect((await runsOf(store)).flatMap(({ verdicts }) => verdicts)).toMatchObject([
        { verdict: 'completed', undelivered: [{ sink, error }] },
      ]);
      expect(stderr).toContain('An event could not be told');
    },
  );

  test('is not talked to where none is set', async () => {
    expect(await agent(['backup'], { BACKUP_EVENT_BUS: '' })).toMatchObject({ exitCode: 0 });
    expect(bus.received).toEqual([]);
  });
});

describe('a restore', () => {
  test('tells its start and its end, and nothing of its safety backup', async () => {
    const { backupId } = manifestOf(await backUp(live, store));
    const runId = nextRunId();
    const { exitCode, json } = await agent(['restore', backupId, '--force', '--run-id', runId]);
    expect(exitCode).toBe(0);
    expect(json.safetyBackupId).toMatch(/-pre-restore$/);
    const about = { target: 'falkordb', runId, backupId };
    expect(bus.taken).toMatchObject([
      { type: 'Restore Started', detail: about },
      { type: 'Restore Completed', detail: { ...about, hint: expect.stringContaining(json.safetyBackupId) } },
    ]);
    expect(await agent(['restore', backupId, '--force', '--run-id', runId])).toMatchObject({ exitCode: 5 });
    expect(told()).toHaveLength(2);
  });

  test('whose agent is killed while it tells of the end is recorded as complete', async () => {
    const { backupId } = manifestOf(await backUp(live, store));
    const runId = nextRunId();
    bus.manners = 'stall';
    const args = ['restore', backupId, '--force', '--json', '--run-id', runId];
    await using restoring = await startAgentProcess(args, settings());
    expect(await reached(() => hasFile(root, new RegExp(`^runs/.*${runId}/verdict-1`)), restoring)).toBe(true);
    restoring.process.kill('SIGKILL');
    expect(await restoring.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(told()).toEqual([]);
    expect((await runOf(runId))?.verdicts).toMatchObject([{ verdict: 'completed' }]);
    expect((await agent(['status'])).json).toMatchObject({ lastFailure: null, running: [] });
  });

  test('that a bus is not told of says so in a further verdict, and every reader copes with that', async () => {
    const { backupId } = manifestOf(await backUp(live, store));
    const runId = nextRunId();
    bus.manners = 'fail';
    const metricsFile = join(folder.path, 'metrics.prom');
    const args = ['restore', backupId, '--force', '--run-id', runId, '--metrics-file', metricsFile];
    expect(await agent(args)).toMatchObject({ exitCode: 0 });
    const verdicts = (await runOf(runId))?.verdicts ?? [];
    expect(verdicts).toMatchObject([{ verdict: 'completed' }, { verdict: 'completed' }]);
    const [first, second] = verdicts;
    const failed = (type: string) => ({ error: expect.stringContaining(`not told of ${type}`) });
    expect(second?.undelivered).toMatchObject([failed('Restore Started'), failed('Restore Completed')]);
    expect({ ...second, undelivered: [] }).toEqual({ ...first, undelivered: [] });
    expect((await agent(['status'])).json).toMatchObject({ lastFailure: null, running: [] });
    expect(await readFile(metricsFile, 'utf8')).toMatch(/_runs\{(?=.*verb="restore")(?=.*outcome="completed").*\} 1$/m);
    expect((await backupsInUse(store, ['falkordb'], new Date('2030-01-02'))).openRuns).toEqual(new Set());
    bus.manners = 'take';
    expect(await agent(['prune', '--apply'])).toMatchObject({ exitCode: 0, json: { failed: [] } });
  });

  test('of a damaged backup tells that it failed, and what FalkorDB holds', async () => {
    const { backupId, stored } = manifestOf(await backUp(live, store, { config: { compression: 'none' } }));
    await flipByte(join(root, stored.key));
    expect(await agent(['restore', backupId, '--force', '--unproven'])).toMatchObject({ exitCode: 4 });
    expect(told()).toEqual(['Restore Started', 'Restore Failed']);
    expect(bus.taken[1]?.detail).toMatchObject({
      message: expect.stringContaining('has its old data and takes writes again'),
      failure: { code: 'integrity' },
    });
  });

  test('that was undone tells so', async () => {
    const sink = new RecordingSink();
    const { backupId } = manifestOf(await backUp(live, store));
    const state = join(folder.path, 'state');
    await restoreInto(live, store, state, { reference: backupId });
    await misjudge(backupId);
    const undone = restoreInto(live, store, state, { reference: backupId, deps: { sinks: [sink] } });
    await expect(undone).rejects.toMatchObject({ code: 'integrity' });
    expect(sink.events.map(({ type }) => type)).toEqual(['Restore Started', 'Restore Rolled Back']);
    expect(sink.events[1]?.detail.message).toContain('has its old data back from the safety backup');
  });
});

describe('doctor', () => {
  const busFinding = async (env: Record<string, string> = {}, args = ['doctor']) =>
    (await agent(args, env)).json.findings.filter(({ check }: { check: string }) => check === 'event bus');

  test('sees that the bus answers, and tells nobody anything', async () => {
    expect(await busFinding()).toMatchObject([
      { level: 'ok', message: expect.stringMatching(/EventBridge bus backups.*notify --test/) },
    ]);
    expect(bus.received).toHaveLength(1);
    expect(bus.taken).toEqual([]);
  });

  test('finds a bus that only fails, or for which there are no credentials', async () => {
    const problem = { level: 'problem', fix: expect.stringContaining('events:PutEvents') };
    const noKeys = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' };
    expect(await busFinding(noKeys)).toMatchObject([
      { ...problem, message: expect.stringContaining('CredentialsProviderError') },
    ]);
    bus.manners = 'fail';
    expect(await busFinding()).toMatchObject([
      { ...problem, message: expect.stringContaining('could not be reached') },
    ]);
  });

  test('warns where the functions ask for it, and no bus is set; without them nobody expects one', async () => {
    const none = { BACKUP_EVENT_BUS: '' };
    expect(await busFinding(none)).toEqual([]);
    const words = ['execute', 'version=1', 'action=doctor', 'target=falkordb'];
    expect(await busFinding(none, words)).toMatchObject([
      { level: 'warning', fix: expect.stringContaining('BACKUP_EVENT_BUS') },
    ]);
  });
});

describe('verify', () => {
  test.each(['', '--all', '--load'])('%s tells of a damaged backup', async (flag) => {
    const args = ['verify', ...(flag === '' ? [] : [flag])];
    const { backupId, stored } = manifestOf(await backUp(live, store));
    expect(await agent(args)).toMatchObject({ exitCode: 0 });
    expect(told()).toEqual([]);
    await flipByte(join(root, stored.key));
    expect(await agent(args)).toMatchObject({ exitCode: 4 });
    expect(bus.taken).toMatchObject([
      { type: 'Verification Failed', detail: { backupId, eventId: `verification-failed/falkordb/${backupId}` } },
    ]);
  });
});

describe('prune', () => {
  const stored = (days: number, nodes: number) =>
    storeBackup(store, 'falkordb', 'daily', new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY_MS), {
      graphs: [{ ...EXAMPLE_GRAPH, nodes }],
    });

  test('tells what it removed and what it held back, once it is applied', async () => {
    const env = { BACKUP_RETENTION_MINIMUM: '1' };
    const [full, half] = [await stored(40, 1000), await stored(1, 10)];
    expect(await agent(['prune'], env)).toMatchObject({ exitCode: 0 });
    expect(told()).toEqual([]);
    expect(await agent(['prune', '--apply'], env)).toMatchObject({ exitCode: 0 });
    expect(told()).toEqual(['Prune Completed', 'Retention Guarded']);
    expect(bus.calls).toEqual([2]);
    expect(bus.taken[1]?.detail.message).toContain(full);
    expect(bus.taken[1]?.detail.message).toContain(`prune --accept-collapse ${half}`);
  });

  test('tells that it failed', async () => {
    await stored(1, 10);
    await store.put('locks/falkordb.json', new TextEncoder().encode('no lease'));
    expect(await agent(['prune', '--apply'])).toMatchObject({ exitCode: 4 });
    expect(bus.taken).toMatchObject([{ type: 'Prune Failed', detail: { failure: { code: 'integrity' } } }]);
  });
});

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
  await writeFile(path, bytes);
}

/** Notes, as somebody's damage would, a load of the backup that told something else. */
async function misjudge(backupId: string): Promise<void> {
  const parts = parseBackupId(backupId);
  const manifest = parts && (await findManifest(store, parts));
  const sound = manifest && (await newestVerification(store, manifest));
  if (!parts || !sound?.contents) throw new Error('nothing to misjudge');
  const verifiedAt = new Date(Date.parse(sound.verifiedAt) + 2000).toISOString();
  const contents = { ...sound.contents, samples: { ...sound.contents.samples, g: 'a'.repeat(64) } };
  await recordVerification(store, parts, { ...sound, verifiedAt, contents });
}
