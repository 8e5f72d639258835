import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { listBackups } from '../../core/catalog/catalog.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { listRuns, recordRequested, recordVerdict } from '../../core/catalog/runs.ts';
import { formatBackupId } from '../../core/model/backup-id.ts';
import { dumpKey, runKey } from '../../core/model/keys.ts';
import { scheduledRunId } from '../../core/model/request.ts';
import { type Fingerprint, fingerprint } from '../support/fingerprint.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { expectFree } from '../support/restore-environment.ts';
import { s3Client, s3Missing } from '../support/s3/bucket.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { MAIL } from './support/configuration.ts';
import { FUNCTIONS } from './support/deployed.ts';
import { PAYLOADS, TARGET } from './support/payloads.ts';
import { answerOf, type Scene, startScene, TAG } from './support/scene.ts';

const BACKUP_ID = '20261122T023000Z-graphiti-prod-daily';
const HOUR_MS = 3600 * 1000;
const DAY_MS = 24 * HOUR_MS;
const INSTALLED = 'i-0fedcba9876543210';

/** Rights that are not made use of here, and where or when they are. */
const UNUSED_HERE: [RegExp, string][] = [
  [/ logs:(CreateLogStream|PutLogEvents) /, 'Lambda writes the log itself'],
  [/^scheduler sqs:SendMessage /, 'Scheduler sends there what Lambda did not take'],
  [/^(prune|restore|track-command|watchdog|notify) sqs:SendMessage /, 'as that of start-backup, which is made use of'],
  [/^agent of \S+ s3:AbortMultipartUpload /, 'test/integration/s3/policies.test.ts lets an upload fail'],
];

describe.skipIf(s3Missing)('the stack as it is deployed', () => {
  let scene: Scene;
  let other: LiveServer;
  /** What the backup holds. */
  let contents: Fingerprint;
  let endedTests = 0;
  beforeAll(async () => {
    [scene, other] = await Promise.all([startScene(), startLiveServer()]);
    const { cloud, live } = scene;
    await other.graph('g', 'CREATE (:Other)');
    const installed = { other: { FALKORDB_URL: other.server.url } };
    await cloud.addHost({ instanceId: INSTALLED, tags: { [TAG]: 'other' }, installed });
    contents = await fingerprint(live.client);
    cloud.due('daily', new Date('2026-11-22T02:30:00Z'));
    await cloud.settled();
  });
  beforeEach(() => {
    scene.cloud.forget();
  });
  afterEach(async () => {
    await scene.cloud.settled();
    await forgetRestores();
    endedTests++;
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  /** As if time had passed: for a while, another one is taken for the same one, asked for again. */
  const forgetRestores = async () => {
    for (const { runId, requested } of await listRuns(scene.store, TARGET, new Date(0)))
      if (requested?.verb === 'restore') await scene.store.delete(runKey(TARGET, runId, 'requested'));
  };
  const restore = async (payload: unknown) => answerOf(await scene.cloud.invoke('restore', payload));
  const statusOf = (runId: string) => restore({ ...PAYLOADS.status, runId });
  const backupsOf = async (target: string) =>
    (await listBackups(scene.store, { target, tier: 'daily' })).map(({ backupId }) => backupId);

  test('a schedule that is due makes a backup of every target', async () => {
    const { cloud, store } = scene;
    const before = cloud.lambda.asyncInvocations.length;
    cloud.due('weekly', new Date('2026-11-22T03:00:00Z'));
    await cloud.settled();
    expect(await listBackups(store, { target: TARGET, tier: 'weekly' })).toMatchObject([
      {
        backupId: '20261122T030000Z-graphiti-prod-weekly',
        content: { manifest: { runId: '20261122T030000Z-weekly', graphs: [{ name: 'people', nodes: 100 }] } },
      },
    ]);
    expect(await listBackups(store, { target: 'other', tier: 'weekly' })).toHaveLength(1);
    expect(await scene.run('20261122T030000Z-weekly')).toMatchObject({ verdicts: [{ verdict: 'completed' }] });
    const sent = cloud.ssm.commands.filter(({ comment }) => comment === '20261122T030000Z-weekly');
    expect(sent.map(({ instanceId, status }) => [instanceId, status]).toSorted()).toEqual([
      [scene.host.instanceId, 'Success'],
      [INSTALLED, 'Success'],
    ]);
    // The agent has told of it: SSM's own word calls no function, and whoever tells people lets them sleep.
    const called = cloud.lambda.asyncInvocations.slice(before);
    expect(called.map(({ name }) => name)).toEqual(['start-backup', 'notify', 'notify']);
    for (const { attempts } of called) expect(attempts).toMatchObject([{ result: {} }]);
    expect(scene.told('Backup Completed')).toMatchObject([
      {
        source: 'falkordb.backup',
        by: `agent of ${TARGET}`,
        detail: { eventId: 'backup-completed/graphiti-prod/20261122T030000Z-weekly', tier: 'weekly' },
      },
    ]);
    expect(cloud.topics.messages).toEqual([]);
  });

  test('backups are listed', async () => {
    const { backups } = await restore(PAYLOADS.list);
    const expected = { backupId: BACKUP_ID, status: 'ok', graphs: 1, nodes: 100, edges: 50 };
    expect(backups).toContainEqual(expect.objectContaining(expected));
  });

  test('a plan says what is known at once, and later what the host has found', async () => {
    const { cloud, live } = scene;
    const before = await fingerprint(live.client);
    const planned = await restore(PAYLOADS.plan);
    expect(planned).toMatchObject({ backup: { backupId: BACKUP_ID, nodes: 100 }, commandId: expect.any(String) });
    await cloud.settled();
    expect(await statusOf(planned.runId)).toMatchObject({
      verb: 'plan',
      outcome: 'completed',
      plan: { status: 'planned', restore: BACKUP_ID, server: { graphNames: ['people'] }, refusals: [] },
    });
    expect(await fingerprint(live.client)).toEqual(before);
  });

  test('a restore answers at once, and brings the data back', async () => {
    const { cloud, live, state } = scene;
    await live.graph('people', 'MATCH (n:Person) WHERE n.id > 10 DELETE n');
    const started = await restore(PAYLOADS.start);
    expect(started).toMatchObject({ backupId: BACKUP_ID, commandId: expect.any(String) });
    expect(cloud.ssm.commands.at(-1)).toMatchObject({
      commandId: started.commandId,
      status: expect.stringMatching(/^(Pending|InProgress)$/),
    });
    // A client that has not heard the answer asks again by itself.
    const asksAgain = async () => (await cloud.invoke('restore', PAYLOADS.start)).error;
    const refusal = { errorType: 'lease-held', errorMessage: expect.stringContaining(started.runId) };
    expect(await asksAgain()).toMatchObject(refusal);
    await cloud.settled();
    expect(await asksAgain()).toMatchObject(refusal);
    expect(await statusOf(started.runId)).toMatchObject({ verb: 'restore', outcome: 'completed', failure: null });
    expect(await fingerprint(live.client)).toEqual(contents);
    await expectFree(live, state);
    for (const type of ['Restore Started', 'Restore Completed'] as const)
      expect(scene.told(type)).toMatchObject([{ by: `agent of ${TARGET}`, detail: { runId: started.runId } }]);
    // Each is told by an invocation of its own.
    expect(scene.mails().toSorted()).toEqual([
      expect.stringMatching(/^Restore Completed: graphiti-prod\n/),
      expect.stringMatching(/^Restore Started: graphiti-prod\n/),
    ]);
  });

  test('a restore that nobody confirmed is none', async () => {
    const sent = scene.cloud.ssm.commands.length;
    const { error } = await scene.cloud.invoke('restore', { ...PAYLOADS.start, confirm: 'other' });
    expect(error).toMatchObject({ errorType: 'not-confirmed' });
    expect(scene.cloud.ssm.commands).toHaveLength(sent);
  });

  test('an agent that is killed in a backup is told of, and the next one makes it', async () => {
    const { cloud, live, host } = scene;
    await live.fill(50);
    await live.setSaveDelay(20_000);
    const payload = { ...PAYLOADS.backup, scheduledTime: '2026-11-22T11:00:00Z' };
    const [{ runId }] = answerOf(await cloud.invoke('start-backup', payload)).targets;
    await vi.waitFor(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('1'), {
      timeout: 60_000,
      interval: 5,
    });
    const [agent = 0, ...others] = await host.agents();
    expect(others).toEqual([]);
    process.kill(agent, 'SIGKILL');
    await live.setSaveDelay(0);
    await cloud.settled();
    expect(cloud.ssm.commands.at(-1)).toMatchObject({ comment: runId, status: 'Failed', end: { exitCode: 137 } });
    expect(await scene.run(runId)).toMatchObject({
      verdicts: [{ verdict: 'failed', failure: { code: 'command-failed' } }],
    });
    expect(scene.told('Backup Failed')).toMatchObject([{ by: 'track-command', detail: { runId, tier: 'manual' } }]);
    expect(scene.mails()).toEqual([
      expect.stringMatching(/^Backup Failed: graphiti-prod\n\n.*exit code 137.*\n\nWhat to do: The agent was killed/),
    ]);
    const next = { ...payload, scheduledTime: '2026-11-22T11:01:00Z' };
    answerOf(await cloud.invoke('start-backup', next));
    await cloud.settled();
    expect(await scene.run('20261122T110100Z-manual')).toMatchObject({ verdicts: [{ verdict: 'completed' }] });
  });

  test('an agent that is killed in a restore is told of, and FalkorDB is set free', async () => {
    const { cloud, live, host, state } = scene;
    await live.fill(100);
    const before = await fingerprint(live.client);
    await live.setSaveDelay(20_000);
    const { runId } = await restore(PAYLOADS.start);
    await vi.waitFor(async () => expect(await live.info('role')).toBe('slave'), { timeout: 60_000, interval: 5 });
    const [agent = 0, ...others] = await host.agents();
    expect(others).toEqual([]);
    process.kill(agent, 'SIGKILL');
    await live.setSaveDelay(0);
    await cloud.settled();
    expect(cloud.ssm.commands.slice(-2)).toMatchObject([
      { comment: runId, parameters: { Action: ['restore'] }, status: 'Failed', end: { exitCode: 137 } },
      { comment: runId, parameters: { Action: ['recover'] }, status: 'Success' },
    ]);
    expect(await fingerprint(live.client)).toEqual(before);
    await expectFree(live, state);
    expect(await statusOf(runId)).toMatchObject({ outcome: 'failed', failure: { code: expect.any(String) } });
    expect(scene.told('Restore Failed').map(({ by }) => by)).toContain('track-command');
    expect(scene.mails()).toContainEqual(expect.stringMatching(/^Restore Failed: graphiti-prod\n.*was killed/s));
    // Nothing is left to do, and whoever asks is told so.
    const asked = await restore(PAYLOADS.recover);
    await cloud.settled();
    expect(cloud.ssm.commands.at(-1)).toMatchObject({ commandId: asked.commandId, status: 'Success' });
  });

  test('prune says what would go, and then lets it go', async () => {
    const { cloud, store } = scene;
    const old: string[] = [];
    for (const days of [40, 41, 42, 43])
      old.push(await storeBackup(store, TARGET, 'daily', new Date(Date.now() - days * DAY_MS)));
    await leaveBehind();
    const planned = answerOf(await cloud.invoke('prune', PAYLOADS.pruneDryRun));
    const planOfTarget = planned.targets.find(({ target }: { target: string }) => target === TARGET);
    const remove: string[] = planOfTarget.plan.remove.map(({ backupId }: { backupId: string }) => backupId);
    expect(remove.length).toBeGreaterThan(0);
    for (const backupId of remove) expect(old).toContain(backupId);
    expect(planOfTarget.orphans).toEqual({ objects: 1, uploads: 1 });
    expect(await backupsOf(TARGET)).toEqual(expect.arrayContaining(old));

    cloud.due('prune', new Date('2026-11-22T05:30:00Z'));
    await cloud.settled();
    expect((await backupsOf(TARGET)).toSorted()).toEqual(
      [BACKUP_ID, ...old.filter((backupId) => !remove.includes(backupId))].toSorted(),
    );
    expect(scene.told('Prune Completed')).toMatchObject([{ by: 'prune' }]);
    const again = answerOf(await cloud.invoke('prune', {}));
    for (const { counts, orphans } of again.targets)
      expect([counts.removed, orphans]).toEqual([0, { objects: 0, uploads: 0 }]);
  });

  /** A dump and an unfinished upload of a run that has failed. */
  async function leaveBehind(): Promise<void> {
    const { store, cloud } = scene;
    const runId = '20261101T023000Z-daily';
    const scheduledFor = new Date('2026-11-01T02:30:00Z');
    const keyOf = (attempt: string) =>
      dumpKey({ target: TARGET, tier: 'daily', scheduledFor }, { runId, attempt }, '.rdb.zst');
    await store.put(keyOf('00000001'), Buffer.from('x'));
    const client = s3Client();
    const { hostname, pathname } = cloud.storeUrl;
    const Key = `${pathname.slice(1)}/${keyOf('00000002')}`;
    await client.send(new CreateMultipartUploadCommand({ Bucket: hostname, Key }));
    client.destroy();
    const common = { schemaVersion: 1 as const, runId, target: TARGET, endedAt: scheduledFor.toISOString() };
    await recordVerdict(store, {
      ...common,
      verdict: 'failed',
      reason: null,
      failure: null,
      steps: [],
      undelivered: [],
    });
  }

  test('a restore that has lost its lease leaves FalkorDB as it is, and that is set free', async () => {
    const { cloud, live, store, state } = scene;
    await live.fill(100);
    const before = await fingerprint(live.client);
    await live.setSaveDelay(20_000);
    const { runId } = await restore(PAYLOADS.start);
    await vi.waitFor(async () => expect(await live.info('role')).toBe('slave'), { timeout: 60_000, interval: 5 });
    // Another run takes it for dead, and is done at once.
    const holder = { host: 'other', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
    const other = { target: TARGET, runId: '20261122T120000Z-other', holder, isDead: () => true };
    await (await Lease.acquire(store, { ...other, now: () => new Date() })).release();
    await live.setSaveDelay(0);
    await cloud.settled();
    expect(cloud.ssm.commands.slice(-2)).toMatchObject([
      { comment: runId, parameters: { Action: ['restore'] }, status: 'Failed', end: { exitCode: 5 } },
      { comment: runId, parameters: { Action: ['recover'] }, status: 'Success' },
    ]);
    expect((await scene.run(runId))?.verdicts[0]).toMatchObject({ failure: { code: 'lease-lost' } });
    expect(await fingerprint(live.client)).toEqual(before);
    await expectFree(live, state);
  });

  test('a host that is offline is named: to whoever asks for a restore, and to those who have to know', async () => {
    const { cloud, host } = scene;
    host.isOnline = false;
    const { error } = await cloud.invoke('restore', PAYLOADS.start);
    // Not covered by what other tests have made of larger tiers.
    const time = new Date();
    const runId = scheduledRunId(time, 'daily');
    cloud.due('daily', time);
    await cloud.settled();
    host.isOnline = true;
    expect(error).toMatchObject({
      errorType: 'command-refused',
      errorMessage: expect.stringContaining(host.instanceId),
    });
    expect(scene.told('Restore Failed')).toMatchObject([{ by: 'restore' }]);
    expect(scene.told('Backup Failed')).toMatchObject([
      { by: 'start-backup', detail: { runId, failure: { code: 'command-refused' } } },
    ]);
    expect(await scene.run(runId)).toMatchObject({ verdicts: [{ verdict: 'failed' }] });
    expect(scene.mails()).toContainEqual(
      expect.stringMatching(
        /^Backup Failed: graphiti-prod\n\n.*i-0123456789abcdef0.*not Online.*\n\nWhat to do: Start the instance/,
      ),
    );
    // One target's failure is none of the other's.
    expect(await backupsOf('other')).toContain(formatBackupId({ target: 'other', tier: 'daily', scheduledFor: time }));
  });

  test('a run of which nobody says how it ended is found by the watchdog', async () => {
    const { cloud, store } = scene;
    const requestedAt = new Date(Date.now() - 5 * HOUR_MS);
    const runId = scheduledRunId(requestedAt, 'manual');
    const backupId = formatBackupId({ target: TARGET, tier: 'manual', scheduledFor: requestedAt });
    const common = { schemaVersion: 1 as const, runId, target: TARGET };
    await recordRequested(store, { ...common, verb: 'backup', backupId, requestedAt: requestedAt.toISOString() });
    cloud.due('watchdog', new Date());
    await cloud.settled();
    cloud.due('watchdog', new Date());
    await cloud.settled();
    expect(await scene.run(runId)).toMatchObject({
      verdicts: [{ verdict: 'failed', failure: { code: 'command-failed' } }],
    });
    const ofIt = scene.told('Backup Failed').filter(({ detail }) => detail.runId === runId);
    expect(ofIt).toMatchObject([{ by: 'watchdog', detail: { hint: expect.any(String) } }]);
    expect(scene.mails()).toContainEqual(expect.stringMatching(/^Backup Failed: graphiti-prod\n.*never began/s));
  });

  test('what cannot be done lies in the dead-letter queue after two more attempts', async () => {
    const { cloud } = scene;
    cloud.s3Gates.get('start-backup')?.setFault({ kind: 'access-denied' });
    cloud.due('monthly', new Date('2026-12-01T04:00:00Z'));
    await cloud.settled();
    cloud.s3Gates.get('start-backup')?.setFault(undefined);
    const { attempts, event } = cloud.lambda.asyncInvocations.findLast(({ name }) => name === 'start-backup') ?? {};
    expect(attempts?.map(({ error }) => error?.errorType)).toEqual(Array(3).fill('command-refused'));
    expect([...cloud.lambda.queues.values()]).toEqual([[event]]);
    expect(cloud.topics.messages).toContainEqual({
      by: 'cloudwatch.amazonaws.com',
      to: [MAIL],
      subject: 'ALARM: "FalkorDbBackup-Backup-DeadLetters"',
      text: expect.stringContaining('docs/alarms.md#deadletters'),
      attributes: {},
    });
    // A person sends it again.
    answerOf(await cloud.invoke('start-backup', event));
    await cloud.settled();
    expect(await scene.run('20261201T040000Z-monthly')).toMatchObject({ verdicts: [{ verdict: 'completed' }] });
  });

  test('every right that the stack gives is made use of', ({ skip }) => {
    skip(endedTests < 12, 'only after all of the others');
    const callers = [...FUNCTIONS, 'scheduler', `agent of ${TARGET}`, 'agent of other'];
    const unused = callers.flatMap((caller) => scene.cloud.access.unused(caller));
    expect(unused.filter((right) => !UNUSED_HERE.some(([pattern]) => pattern.test(right)))).toEqual([]);
    for (const [pattern] of UNUSED_HERE) expect(unused).toContainEqual(expect.stringMatching(pattern));
  });
});
