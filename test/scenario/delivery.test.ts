import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { listBackups } from '../../core/catalog/catalog.ts';
import { recordRequested } from '../../core/catalog/runs.ts';
import { formatBackupId } from '../../core/model/backup-id.ts';
import { scheduledRunId } from '../../core/model/request.ts';
import { s3Missing } from '../support/s3/bucket.ts';
import { PAYLOADS, TARGET } from './support/payloads.ts';
import { answerOf, type Scene, startScene } from './support/scene.ts';
import { type SentCommand, statusEvent } from './support/ssm-shapes.ts';

/* Schedules, invocations and events come at least once, late, and in any order. */

describe.skipIf(s3Missing)('whatever comes twice, late or not at all', () => {
  let scene: Scene;
  let minute = 0;
  beforeAll(async () => {
    scene = await startScene();
    await scene.live.fill(50);
  });
  beforeEach(() => scene.cloud.forget());
  afterEach(() => scene.cloud.settled());
  afterAll(() => scene[Symbol.asyncDispose]());

  /** A backup that no other test has asked for. */
  const nextBackup = () => {
    const time = new Date(Date.UTC(2026, 10, 22, 10, minute++));
    const payload = { ...PAYLOADS.backup, scheduledTime: time.toISOString() };
    const parts = { target: TARGET, tier: 'manual' as const, scheduledFor: time };
    return { payload, runId: scheduledRunId(time, 'manual'), backupId: formatBackupId(parts) };
  };
  const commandsOf = (runId: string): SentCommand[] =>
    scene.cloud.ssm.commands.filter(({ comment }) => comment === runId);
  const commandOf = (runId: string): SentCommand => {
    const [command, ...others] = commandsOf(runId);
    if (!command || others.length > 0) throw new Error(`There are ${others.length} other commands of ${runId}`);
    return command;
  };
  const start = async (payload: unknown) => answerOf(await scene.cloud.invoke('start-backup', payload));
  const saw = async (runId: string) => (await scene.run(runId))?.verdicts.map(({ verdict }) => verdict);
  const eventOf = (command: SentCommand, status: string) =>
    statusEvent({ ...command, status: status as SentCommand['status'] }, scene.cloud.document);
  const tell = async (command: SentCommand, status: string) => {
    scene.cloud.bus.emit('default', eventOf(command, status));
    await scene.cloud.settled();
  };

  test('a schedule that fires twice makes one backup', async () => {
    const { payload, runId, backupId } = nextBackup();
    // So that neither has ended before the other has begun.
    await scene.live.setSaveDelay(40_000);
    const answers = await Promise.all([start(payload), start(payload)]);
    await scene.cloud.settled();
    await scene.live.setSaveDelay(0);
    expect(answers.flatMap(({ targets }) => targets)).toMatchObject([{ outcome: 'sent' }, { outcome: 'sent' }]);
    expect(commandsOf(runId).map(({ status, end }) => [status, end?.exitCode])).toEqual([
      ['Success', 0],
      ['Success', 0],
    ]);
    expect(await saw(runId)).toEqual(['completed']);
    expect(scene.told('Backup Failed')).toEqual([]);
    expect(new Set(scene.told('Backup Completed').map(({ detail }) => detail.eventId)).size).toBe(1);
    expect((await listBackups(scene.store, { target: TARGET })).map((entry) => entry.backupId)).toContain(backupId);
    // And once more, when all is over: nothing is sent.
    expect((await start(payload)).targets).toMatchObject([{ outcome: 'already ended' }]);
    expect(commandsOf(runId)).toHaveLength(2);
  });

  test('a function that died between record and send has its work done by the next attempt', async () => {
    const { payload, runId, backupId } = nextBackup();
    const requestedAt = new Date().toISOString();
    await recordRequested(scene.store, {
      schemaVersion: 1,
      runId,
      target: TARGET,
      verb: 'backup',
      backupId,
      requestedAt,
    });
    expect((await start(payload)).targets).toMatchObject([{ outcome: 'sent' }]);
    await scene.cloud.settled();
    expect(await scene.run(runId)).toMatchObject({ requested: { requestedAt }, verdicts: [{ verdict: 'completed' }] });
  });

  test('words of SSM about a run that ended well change nothing, in whatever order', async () => {
    const { payload, runId } = nextBackup();
    await start(payload);
    await scene.cloud.settled();
    const command = commandOf(runId);
    for (const status of ['Success', 'InProgress', 'Failed', 'TimedOut', 'Delivery Timed Out', 'Failed', 'Pending'])
      await tell(command, status);
    expect(await saw(runId)).toEqual(['completed']);
    expect(scene.told('Backup Failed')).toEqual([]);
  });

  test('a command that is not delivered fails its run, once', async () => {
    const { cloud, host } = scene;
    const { payload, runId } = nextBackup();
    host.isSilent = true;
    await start(payload);
    host.isSilent = false;
    const command = commandOf(runId);
    expect(await saw(runId)).toEqual([]);
    cloud.ssm.timeOut(command);
    await cloud.settled();
    await tell(command, 'TimedOut');
    expect(await scene.run(runId)).toMatchObject({
      verdicts: [{ verdict: 'failed', failure: { code: 'command-failed' } }],
    });
    expect(scene.told('Backup Failed')).toMatchObject([
      { by: 'track-command', detail: { runId, hint: expect.stringContaining('offline') } },
    ]);
    expect(scene.mails()).toEqual([
      expect.stringMatching(/^Backup Failed: graphiti-prod\n\n.*DeliveryTimedOut.*\n\nWhat to do: The host is offline/),
    ]);
  });

  test('a command that SSM gave up, and whose agent makes the backup all the same, has made it', async () => {
    const { cloud, live, host } = scene;
    const { payload, runId, backupId } = nextBackup();
    await live.setSaveDelay(20_000);
    await start(payload);
    await vi.waitFor(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('1'), {
      timeout: 60_000,
      interval: 5,
    });
    const [agent = 0, ...others] = await host.agents();
    expect(others).toEqual([]);
    process.kill(agent, 'SIGSTOP');
    cloud.ssm.timeOut(commandOf(runId));
    await cloud.settled();
    expect(await saw(runId)).toEqual(['failed']);
    process.kill(agent, 'SIGCONT');
    await live.setSaveDelay(0);
    await vi.waitFor(async () => expect(await host.agents()).toEqual([]), { timeout: 60_000, interval: 50 });
    expect(await saw(runId)).toEqual(['failed', 'completed']);
    expect((await listBackups(scene.store, { target: TARGET })).map((entry) => entry.backupId)).toContain(backupId);
    expect(answerOf(await cloud.invoke('restore', { ...PAYLOADS.status, runId }))).toMatchObject({
      outcome: 'completed',
    });
  });

  test('words about commands that are not ours call nobody', async () => {
    const { payload, runId } = nextBackup();
    await start(payload);
    await scene.cloud.settled();
    const before = scene.cloud.lambda.asyncInvocations.length;
    scene.cloud.bus.emit('default', statusEvent({ ...commandOf(runId), status: 'Failed' }, 'AWS-RunShellScript'));
    expect(scene.cloud.lambda.asyncInvocations).toHaveLength(before);
  });
});
