import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listBackups } from '../../core/catalog/catalog.ts';
import { findRun, recordRequested } from '../../core/catalog/runs.ts';
import { type AgentRequest, encodeRequest, type RequestOf } from '../../core/model/request.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand, type CommandResult } from '../support/agent-command.ts';
import { reached, startAgentProcess } from '../support/agent-process.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { startSlowBackups } from '../support/slow-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/* What the SSM document runs on the host of a FalkorDB. */

const TARGET = 'shop';
const DUE = '2026-11-22T02:30:00.000Z';
const BACKUP_ID = '20261122T023000Z-shop-daily';
const BACKUP_RUN = '20261122T023000Z-daily';
const RESTORE_RUN = '20261122T102000Z-restore';
const PLAN_RUN = '20261122T101500Z-plan';

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

let folder: TemporaryFolder;
let store: FileStore;
let env: Record<string, string>;
beforeEach(async () => {
  await live.client.flushall();
  await live.graph('g', 'UNWIND range(1, 100) AS i CREATE (:Person {id: i})');
  folder = await temporaryFolder();
  store = new FileStore(join(folder.path, 'store'));
  env = {
    FALKORDB_URL: live.server.url,
    BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_TARGET: TARGET,
  };
  return () => folder[Symbol.asyncDispose]();
});

const backupRequest = (facts: Partial<RequestOf<'backup'>> = {}): AgentRequest => ({
  action: 'backup',
  target: TARGET,
  runId: BACKUP_RUN,
  tier: 'daily',
  scheduledFor: DUE,
  ...facts,
});
const restoring = (
  action: 'restore' | 'plan',
  facts: Partial<Omit<RequestOf<'restore'>, 'action'>> = {},
): AgentRequest => ({
  action,
  target: TARGET,
  runId: action === 'restore' ? RESTORE_RUN : PLAN_RUN,
  backup: 'latest:daily',
  options: [],
  ...facts,
});

/** Empty words too, as the document passes them. */
const wordsOf = (request: AgentRequest) =>
  Object.entries(encodeRequest(request)).map(([name, value]) => `${name}=${value}`);
const agent = (...args: string[]): Promise<CommandResult> => agentCommand(args, { env });
const deliver = (request: AgentRequest, ...flags: string[]) =>
  agent('execute', ...wordsOf(request), '--json', '--timeout', '300', ...flags);

const runOf = (runId: string) => findRun(store, TARGET, runId);
const verdictsOf = async (runId: string) => (await runOf(runId))?.verdicts.map(({ verdict }) => verdict);
const backups = async () => (await listBackups(store, { target: TARGET })).map(({ backupId }) => backupId);

/** A backup of 100 nodes; the server then holds one more. */
async function backUpAndChange(): Promise<void> {
  expect(await deliver(backupRequest())).toMatchObject({ exitCode: 0 });
  await live.graph('g', 'CREATE (:Later)');
}

describe('backup', () => {
  test('makes the backup that was asked for, once', async () => {
    const first = await deliver(backupRequest());
    expect(first).toMatchObject({ exitCode: 0, json: { status: 'completed', backupId: BACKUP_ID, runId: BACKUP_RUN } });
    expect(await deliver(backupRequest())).toMatchObject({
      exitCode: 0,
      json: { status: 'duplicate', runId: BACKUP_RUN },
    });
    expect(await verdictsOf(BACKUP_RUN)).toEqual(['completed']);
    const other = await deliver(backupRequest({ runId: '20261122T023001Z-by-hand' }));
    expect(other).toMatchObject({ exitCode: 0, json: { backupId: BACKUP_ID, rdb: first.json.rdb } });
    expect(await backups()).toEqual([BACKUP_ID]);
  });

  test('tells people, too, that it has nothing to do', async () => {
    await deliver(backupRequest());
    const { exitCode, stdout } = await agent('execute', ...wordsOf(backupRequest()));
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`Run ${BACKUP_RUN} was delivered before: it is at work, or has ended. Nothing was done.`);
  });

  test('is made by the second delivery where the first has failed', async () => {
    const away = await deliver(backupRequest(), '--url', 'redis://127.0.0.1:1');
    expect(away).toMatchObject({ exitCode: 6, json: { error: { code: 'database-unreachable' } } });
    expect(await verdictsOf(BACKUP_RUN)).toEqual(['failed']);
    expect(await deliver(backupRequest())).toMatchObject({ exitCode: 0, json: { backupId: BACKUP_ID } });
    expect(await verdictsOf(BACKUP_RUN)).toEqual(['failed', 'completed']);
  });

  test('of a schedule is not made where a larger one was taken since it was due; one by hand is', async () => {
    const due = { runId: '20200101T023000Z-a', scheduledFor: '2020-01-01T02:30:00.000Z' };
    await deliver(backupRequest({ tier: 'weekly' }));
    expect(await deliver(backupRequest({ ...due, tier: 'daily' }))).toMatchObject({
      exitCode: 0,
      json: { status: 'skipped', reason: 'covered' },
    });
    expect(await deliver(backupRequest({ ...due, tier: 'daily' }))).toMatchObject({ json: { status: 'duplicate' } });
    const byHand = { ...due, runId: '20200101T023000Z-b', tier: 'manual' as const };
    expect(await deliver(backupRequest(byHand))).toMatchObject({ exitCode: 0, json: { status: 'completed' } });
  });

  test('is left to the delivery that is at work', async () => {
    await using slow = await startSlowBackups();
    await slow.live.setSaveDelay(100_000);
    const target = 'falkordb';
    const words = wordsOf(backupRequest({ target }));
    const slowEnv = { FALKORDB_URL: slow.live.server.url, BACKUP_STORE: slow.store.url };
    await using first = await startAgentProcess(['execute', ...words, '--json'], slowEnv);
    const isSaving = async () => (await slow.live.info('rdb_bgsave_in_progress')) === '1';
    expect(await reached(isSaving, first)).toBe(true);
    const second = await agentCommand(['execute', ...words, '--json'], { env: slowEnv });
    expect(second).toMatchObject({ exitCode: 0, json: { status: 'duplicate', runId: BACKUP_RUN } });
    expect(first.process.exitCode).toBeNull();
    expect((await findRun(slow.store, target, BACKUP_RUN))?.verdicts).toEqual([]);
    expect(await first.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"completed"') });
    expect((await findRun(slow.store, target, BACKUP_RUN))?.verdicts).toMatchObject([{ verdict: 'completed' }]);
  });

  test('ends at the deadline that the document gives', async () => {
    await using slow = await startSlowBackups();
    await slow.live.setSaveDelay(1_000_000);
    const words = wordsOf(backupRequest({ target: 'falkordb' }));
    const { exitCode, json } = await agentCommand(['execute', ...words, '--json', '--timeout', '1'], {
      env: { FALKORDB_URL: slow.live.server.url, BACKUP_STORE: slow.store.url },
    });
    expect(exitCode).toBe(8);
    expect(json).toMatchObject({ status: 'failed', error: { code: 'deadline' } });
  });
});

describe('restore', () => {
  test('asks nobody, and is never done twice', async () => {
    await backUpAndChange();
    const first = await deliver(restoring('restore'));
    expect(first).toMatchObject({
      exitCode: 0,
      json: { status: 'completed', restored: BACKUP_ID, safetyBackupId: expect.stringMatching(/-pre-restore$/) },
    });
    expect(await live.nodeCounts()).toEqual({ g: 100 });
    await live.graph('g', 'CREATE (:Later)');
    expect(await deliver(restoring('restore'))).toMatchObject({
      exitCode: 0,
      json: { status: 'duplicate', runId: RESTORE_RUN },
    });
    expect(await live.nodeCounts()).toEqual({ g: 101 });
    expect(await verdictsOf(RESTORE_RUN)).toEqual(['completed']);
  });

  test('is done where the function has recorded it before', async () => {
    await backUpAndChange();
    const record = { schemaVersion: 1 as const, runId: RESTORE_RUN, target: TARGET, requestedAt: DUE };
    await recordRequested(store, { ...record, verb: 'restore', backupId: BACKUP_ID });
    const request = restoring('restore', { backup: BACKUP_ID, options: ['unproven', 'no-safety-backup'] });
    const { exitCode, json } = await deliver(request);
    expect(exitCode).toBe(0);
    expect(json.safetyBackupId).toBeNull();
    expect(json.steps.map(({ name }: { name: string }) => name)).not.toContain('prove');
    expect(await live.nodeCounts()).toEqual({ g: 100 });
    expect(await runOf(RESTORE_RUN)).toMatchObject({ requested: record, verdicts: [{ verdict: 'completed' }] });
  });

  test("takes another target's backup where it is told to, and no contradiction", async () => {
    await agentCommand(['execute', ...wordsOf(backupRequest({ target: 'prod' }))], {
      env: { ...env, BACKUP_TARGET: 'prod' },
    });
    await live.graph('g', 'CREATE (:Later)');
    expect(await deliver(restoring('restore', { runId: '20261122T102001Z-a' }))).toMatchObject({ exitCode: 3 });
    const contradiction = { runId: '20261122T102002Z-b', backup: BACKUP_ID.replace('shop', 'prod') };
    expect(await deliver(restoring('restore', { ...contradiction, fromTarget: 'stage' }))).toMatchObject({
      exitCode: 2,
      json: { error: { message: expect.stringContaining('is a backup of prod, and not of stage') } },
    });
    expect(await live.nodeCounts()).toEqual({ g: 101 });
    expect(await deliver(restoring('restore', { fromTarget: 'prod' }))).toMatchObject({ exitCode: 0 });
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test('is refused with all reasons, which stand in the store too, and is not tried again', async () => {
    await backUpAndChange();
    await live.client.config('SET', 'replica-read-only', 'no');
    await live.client.config('SET', 'repl-diskless-load', 'swapdb');
    const reasons = expect.stringMatching(/replica-read-only.*repl-diskless-load/s);
    try {
      const { exitCode, json } = await deliver(restoring('restore'));
      expect(exitCode).toBe(6);
      expect(json).toMatchObject({ status: 'failed', error: { code: 'database-unsuitable', message: reasons } });
    } finally {
      await live.client.config('SET', 'replica-read-only', 'yes');
      await live.client.config('SET', 'repl-diskless-load', 'disabled');
    }
    expect(await runOf(RESTORE_RUN)).toMatchObject({
      requested: { verb: 'restore', backupId: null },
      verdicts: [{ verdict: 'failed', failure: { message: reasons } }],
    });
    expect(await deliver(restoring('restore'))).toMatchObject({ exitCode: 0, json: { status: 'duplicate' } });
    expect(await live.nodeCounts()).toEqual({ g: 101 });
  });
});

describe('plan', () => {
  test('is kept in the store, once, and changes nothing', async () => {
    await backUpAndChange();
    const { exitCode, json } = await deliver(restoring('plan', { options: ['no-safety-backup'] }));
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      status: 'planned',
      restore: BACKUP_ID,
      server: { graphs: [{ name: 'g', nodes: 101 }] },
      safetyBackup: false,
    });
    const run = await runOf(PLAN_RUN);
    expect(run).toMatchObject({
      requested: { verb: 'plan', backupId: null },
      started: { toolVersion: expect.any(String) },
      plan: { schemaVersion: 1, runId: PLAN_RUN, ...json, ageSeconds: expect.any(Number) },
      verdicts: [{ verdict: 'completed' }],
      unreadable: [],
    });
    await live.graph('g', 'CREATE (:Later)');
    expect(await deliver(restoring('plan'))).toMatchObject({ exitCode: 0, json: { status: 'duplicate' } });
    expect(await runOf(PLAN_RUN)).toEqual(run);
    expect(await live.nodeCounts()).toEqual({ g: 102 });
    expect(await backups()).toEqual([BACKUP_ID]);
  });

  test('needs no lease: it is made while a backup is at work', async () => {
    await backUpAndChange();
    await live.fill(20);
    await live.setSaveDelay(200_000);
    try {
      const later = { runId: '20261122T033000Z-slow', scheduledFor: '2026-11-22T03:30:00.000Z' };
      const words = wordsOf(backupRequest(later));
      await using first = await startAgentProcess(['execute', ...words], env);
      const isSaving = async () => (await live.info('rdb_bgsave_in_progress')) === '1';
      expect(await reached(isSaving, first)).toBe(true);
      expect(await deliver(restoring('plan'))).toMatchObject({ exitCode: 0, json: { status: 'planned' } });
      expect(first.process.exitCode).toBeNull();
      expect(await first.ended).toMatchObject({ exitCode: 0 });
    } finally {
      await live.setSaveDelay(0);
    }
  });

  test('that is refused has completed, with the reasons in it', async () => {
    await backUpAndChange();
    await live.client.config('SET', 'replica-read-only', 'no');
    try {
      expect(await deliver(restoring('plan', { backup: BACKUP_ID }))).toMatchObject({
        exitCode: 6,
        json: { status: 'refused' },
      });
    } finally {
      await live.client.config('SET', 'replica-read-only', 'yes');
    }
    expect(await runOf(PLAN_RUN)).toMatchObject({
      requested: { backupId: BACKUP_ID },
      plan: { status: 'refused', refusals: [{ message: expect.stringContaining('replica-read-only') }] },
      verdicts: [{ verdict: 'completed' }],
    });
  });

  test('that cannot be made has failed, and is made by the next delivery; status shows nothing of it', async () => {
    await backUpAndChange();
    const away = await deliver(restoring('plan'), '--url', 'redis://127.0.0.1:1');
    expect(away).toMatchObject({ exitCode: 6 });
    expect((await agent('status', '--json')).json).toMatchObject({ lastFailure: null, running: [] });
    expect(await deliver(restoring('plan'))).toMatchObject({ exitCode: 0, json: { status: 'planned' } });
    expect(await verdictsOf(PLAN_RUN)).toEqual(['failed', 'completed']);
  });
});

test('recover has nothing to do where no restore was left', async () => {
  const { exitCode, json } = await deliver({ action: 'recover', target: TARGET, runId: RESTORE_RUN });
  expect(exitCode).toBe(0);
  expect(json).toMatchObject({ status: 'nothing-to-recover' });
});

test('doctor answers as the verb does', async () => {
  const { exitCode, json } = await deliver({ action: 'doctor', target: TARGET });
  expect(exitCode).toBe(0);
  expect(json).toMatchObject({ status: 'ok', problems: 0, findings: expect.any(Array) });
  // The functions hear of this agent by the bus alone.
  const checks = [...(await agent('doctor', '--json')).json.findings, { check: 'event bus' }];
  expect(json.findings).toMatchObject(checks.map(({ check }) => ({ check })));
  const away = await deliver({ action: 'doctor', target: TARGET }, '--url', 'redis://127.0.0.1:1');
  expect(away).toMatchObject({ exitCode: 9, json: { status: 'problem' } });
});

describe('a request', () => {
  test('for another target is refused, and says which one stands here', async () => {
    const { exitCode, json } = await deliver(backupRequest({ target: 'other' }));
    expect(exitCode).toBe(2);
    expect(json.error).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('for target other, but this agent stands beside shop'),
      hint: expect.stringContaining('BACKUP_TARGET=other'),
    });
    expect(existsSync(join(folder.path, 'store', 'runs'))).toBe(false);
  });

  test.each([
    ['a command', 'backup=$(id)'],
    ['a file', 'backup=/etc/passwd'],
    ['a dump file', 'backup=dump.rdb'],
    ['a way out', 'run-id=../../locks/shop'],
    ['a newline', 'run-id=20261122T102000Z-x\nrm'],
    ['quotes', `backup=latest"; rm -rf / #'`],
    ['a target with a slash', 'from-target=../x'],
    ['an unknown option', 'options=unproven,force'],
    ['an unknown word', 'confirm=shop'],
    ['no "="', 'restore'],
  ])('with %s in it is refused before anything is written', async (_, word) => {
    const [name = ''] = word.split('=');
    const others = wordsOf(restoring('restore')).filter((given) => !given.startsWith(`${name}=`));
    const { exitCode, json } = await agent('execute', ...others, word, '--json');
    expect(exitCode).toBe(2);
    expect(json).toMatchObject({ status: 'failed', error: { code: 'invalid-argument', hint: expect.any(String) } });
    expect(existsSync(join(folder.path, 'store', 'runs'))).toBe(false);
    expect(await live.nodeCounts()).toEqual({ g: 100 });
  });

  test('with an option of the command line among its words is refused', async () => {
    expect(await agent('execute', ...wordsOf(restoring('restore')), '--confirm=shop')).toMatchObject({ exitCode: 2 });
    expect(await agent('execute')).toMatchObject({ exitCode: 2 });
  });
});
