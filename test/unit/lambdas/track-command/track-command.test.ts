import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordRequested, recordStarted, recordVerdict } from '../../../../core/catalog/runs.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { runKey, verdictPrefix } from '../../../../core/model/keys.ts';
import { type AgentRequest, encodeRequest } from '../../../../core/model/request.ts';
import { toSsmParameters } from '../../../../core/model/request-parameters.ts';
import { type Failure, type NewVerdict, type Verdict, verdictSchema } from '../../../../core/model/run-record.ts';
import { trackCommand } from '../../../../lambdas/track-command/track-command.ts';
import { FakeSystemsManager } from '../../../support/fake-systems-manager.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const DOCUMENT = 'Our-Document';
const RUN_ID = '20261122T023000Z-daily';
const ENDED_AT = '2026-11-22T02:41:07Z';
const AGENT_ENDED_AT = '2026-11-22T02:41:05.000Z';
const TIME = '2026-11-22T02:30:00.000Z';

const run = { target: 'shop', runId: RUN_ID };
const BACKUP: AgentRequest = { action: 'backup', ...run, tier: 'daily', scheduledFor: TIME };
const RESTORE: AgentRequest = { action: 'restore', ...run, backup: '20261121T023000Z-shop-daily', options: [] };
const PLAN: AgentRequest = { ...RESTORE, action: 'plan' };
const RECOVER: AgentRequest = { action: 'recover', ...run };
const DOCTOR: AgentRequest = { action: 'doctor', target: 'shop' };

let store: MemoryStore;
let ssm: FakeSystemsManager;
let sink: RecordingSink;
let counts: Record<string, number>;
beforeEach(() => {
  store = new MemoryStore();
  ssm = new FakeSystemsManager();
  ssm.addInstance('shop');
  sink = new RecordingSink();
  counts = {};
});

/** A command of ours that was sent before, and its event. */
async function ended(
  request: AgentRequest,
  {
    status = 'Failed',
    exitCode = 1 as number | null,
    stderr = '',
    words = encodeRequest(request),
    parameters = toSsmParameters(words),
  } = {},
) {
  const commandId = await ssm.sendCommand({ document: DOCUMENT, instanceId: 'i-shop-1', parameters, comment: RUN_ID });
  ssm.invocations.set(`${commandId} i-shop-1`, { statusDetails: status, exitCode, stderr });
  return eventOf(commandId, status);
}

function eventOf(commandId: string, status: string, document = DOCUMENT) {
  return {
    version: '0',
    id: '51c0891d-0e34-45b1-83d6-95db273d1602',
    'detail-type': 'EC2 Command Invocation Status-change Notification',
    source: 'aws.ssm',
    account: '123456789012',
    time: ENDED_AT,
    region: 'eu-central-1',
    resources: ['arn:aws:ec2:eu-central-1:123456789012:instance/i-shop-1'],
    detail: { 'command-id': commandId, 'document-name': document, 'instance-id': 'i-shop-1', status },
  };
}

function track(event: unknown, deps: { store?: typeof store | ReturnType<typeof watched> } = {}) {
  return trackCommand(event, {
    store,
    ssm,
    sink,
    document: DOCUMENT,
    targetTag: 'our-tag',
    log: new Logger({ logLevel: 'SILENT' }),
    count: (name, value) => {
      counts[name] = (counts[name] ?? 0) + value;
    },
    ...deps,
  });
}

function verdicts(): Verdict[] {
  const keys = store.keys.filter((key) => key.startsWith(verdictPrefix('shop', RUN_ID)));
  return keys.map((key) => verdictSchema.parse(JSON.parse(String(store.content(key)))));
}

/** What an agent records of a run that has failed. */
const failAs = (failure: Partial<Failure>, more: Partial<NewVerdict> = {}) =>
  recordVerdict(store, {
    ...{ schemaVersion: 1, ...run, verdict: 'failed', endedAt: AGENT_ENDED_AT, reason: null, steps: [] },
    failure: { code: 'database-failed', message: 'It was full.', hint: 'Make room.', retryable: false, ...failure },
    ...more,
  });
const UNDELIVERED = [{ sink: 'EventBridge bus default', error: 'Away.' }];
const begin = () =>
  recordStarted(store, { schemaVersion: 1, ...run, startedAt: TIME, host: 'h', pid: 7, toolVersion: '1' });
const conclude = (verdict: Verdict['verdict']) =>
  recordVerdict(store, { schemaVersion: 1, ...run, verdict, endedAt: TIME, reason: null, failure: null, steps: [] });
const recoveries = () => ssm.sent.filter(({ parameters }) => parameters.Action?.[0] === 'recover');

describe('a backup whose command failed', () => {
  it('becomes failed, and is told', async () => {
    expect(await track(await ended(BACKUP, { exitCode: 137, stderr: 'Killed' }))).toBe('failed');
    expect(sink.told).toEqual([`backup-failed/shop/${RUN_ID}`]);
    const { type, detail } = sink.events[0] ?? {};
    expect(type).toBe('Backup Failed');
    expect(detail).toMatchObject({
      at: ENDED_AT,
      tier: 'daily',
      runId: RUN_ID,
      backupId: '20261122T023000Z-shop-daily',
      message: 'The command "backup" for target shop on i-shop-1 ended as Failed with exit code 137: Killed',
      hint: expect.stringContaining('memory'),
    });
    expect(verdicts()).toMatchObject([{ verdict: 'failed', endedAt: ENDED_AT, failure: detail?.failure }]);
    expect(detail?.failure?.code).toBe('command-failed');
    expect(counts).toEqual({ TargetsFailed: 1 });
  });

  it.each(['Undeliverable', 'Delivery Timed Out', 'TimedOut', 'Cancelled', 'Terminated'])(
    'is told as %s, also where SSM has no details',
    async (status) => {
      const event = await ended(BACKUP);
      ssm.invocations.clear();
      expect(await track({ ...event, detail: { ...event.detail, status } })).toBe('failed');
      expect(sink.events[0]?.detail.message).toContain(`ended as ${status}.`);
    },
  );

  it.each(['completed', 'skipped', 'failed'] as const)(
    'is left alone where the agent says that it %s',
    async (said) => {
      await conclude(said);
      expect(await track(await ended(BACKUP))).toBe('already ended');
      expect(sink.told).toEqual([]);
      expect(verdicts()).toHaveLength(1);
    },
  );

  it('is left alone where the backup exists', async () => {
    await storeBackup(store, 'shop', 'daily', new Date(TIME), {}, { withRecords: false });
    expect(await track(await ended(BACKUP))).toBe('already ended');
    expect(sink.told).toEqual([]);
  });

  it('is told in place of an agent that could not, in the words of its verdict', async () => {
    await failAs({}, { undelivered: UNDELIVERED });
    const event = await ended(BACKUP, { exitCode: 6 });
    expect(await track(event)).toBe('told');
    await track(event);
    expect(new Set(sink.told)).toEqual(new Set([`backup-failed/shop/${RUN_ID}`]));
    expect(sink.events[0]).toMatchObject({
      type: 'Backup Failed',
      detail: {
        at: AGENT_ENDED_AT,
        tier: 'daily',
        backupId: '20261122T023000Z-shop-daily',
        message: 'It was full.',
        hint: 'Make room.',
        failure: { code: 'database-failed', message: 'It was full.', hint: 'Make room.', retryable: false },
      },
    });
    expect(verdicts()).toHaveLength(1);
    expect(counts).toEqual({});
  });

  it.each([null, 137])('is told where the agent was cut off after its verdict: exit code %s', async (exitCode) => {
    await failAs({ message: 'x'.repeat(300_000) });
    expect(await track(await ended(BACKUP, { exitCode }))).toBe('told');
    expect(sink.told).toEqual([`backup-failed/shop/${RUN_ID}`]);
    expect(JSON.stringify(sink.events).length).toBeLessThan(10_000);
  });

  it('is not told in place of an agent that has told, nor of a function', async () => {
    await failAs({});
    expect(await track(await ended(BACKUP, { exitCode: 6 }))).toBe('already ended');
    await failAs({ code: 'command-refused' });
    expect(await track(await ended(BACKUP, { exitCode: null }))).toBe('already ended');
    expect(sink.told).toEqual([]);
  });

  it('is not told where the next attempt has made it', async () => {
    await failAs({}, { undelivered: UNDELIVERED });
    await storeBackup(store, 'shop', 'daily', new Date(TIME), {}, { withRecords: false });
    expect(await track(await ended(BACKUP))).toBe('already ended');
    await conclude('completed');
    expect(await track(await ended(BACKUP))).toBe('already ended');
    expect(sink.told).toEqual([]);
  });

  it.each([1, null])('is told once, however often and at once its event comes: exit code %s', async (exitCode) => {
    const event = await ended(BACKUP, { exitCode });
    await Promise.all([track(event), track(event), track(event)]);
    const told = sink.told.length;
    expect(await track(event)).toBe('already ended');
    expect(sink.told).toHaveLength(told);
    expect(new Set(sink.told).size).toBe(1);
    expect(verdicts()).toHaveLength(1);
  });

  it('is told again after an attempt that could not, or that could not record it', async () => {
    const event = await ended(BACKUP);
    sink.isDown = true;
    await expect(track(event)).rejects.toMatchObject({ code: 'not-delivered' });
    sink.isDown = false;
    const failing = watched(store, async (call) => {
      if (call === 'put') throw new BackupError('store-unavailable', 'Away.', { retryable: true });
    });
    await expect(track(event, { store: failing })).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await track(event)).toBe('failed');
    expect(new Set(sink.told).size).toBe(1);
    expect(verdicts()).toHaveLength(1);
  });
});

describe('nothing is done', () => {
  it.each(['Success', 'Pending', 'InProgress', 'Delayed', 'Cancelling'])('at the status %s', async (status) => {
    expect(await track(await ended(BACKUP, { status }))).toBe('ignored');
    expect([store.calls, sink.told]).toEqual([[], []]);
  });

  it('at a command of another document', async () => {
    const event = await ended(BACKUP);
    expect(await track(eventOf(event.detail['command-id'], 'Failed', 'AWS-RunShellScript'))).toBe('ignored');
    expect([store.calls, sink.told]).toEqual([[], []]);
  });

  it('at a command that SSM does not know any more', async () => {
    expect(await track(eventOf('forgotten', 'Failed'))).toBe('ignored');
    expect([store.calls, sink.told]).toEqual([[], []]);
  });
});

describe('it throws', () => {
  it('at what is no such event', async () => {
    await expect(track({ detail: {} })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('at a request of a newer version: it must not be lost in silence', async () => {
    const event = await ended(BACKUP, { words: { ...encodeRequest(BACKUP), version: '7' } });
    await expect(track(event)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('"7"'),
    });
    expect([store.calls, sink.told]).toEqual([[], []]);
  });
});

describe('a restore whose command failed', () => {
  beforeEach(async () => {
    const requested = { schemaVersion: 1 as const, ...run, verb: 'restore' as const, requestedAt: TIME };
    await recordRequested(store, { ...requested, backupId: '20261121T023000Z-shop-daily' });
  });

  it('becomes failed, is told, and is followed by a recovery on the same target', async () => {
    await begin();
    expect(await track(await ended(RESTORE, { exitCode: 137 }))).toBe('failed');
    expect(sink.events).toMatchObject([
      { type: 'Restore Failed', detail: { runId: RUN_ID, backupId: '20261121T023000Z-shop-daily', at: ENDED_AT } },
    ]);
    expect(verdicts()).toMatchObject([{ verdict: 'failed', failure: { code: 'command-failed' } }]);
    expect(recoveries()).toMatchObject([
      { instanceId: 'i-shop-1', comment: RUN_ID, parameters: { Target: ['shop'], RunId: [RUN_ID] } },
    ]);
    expect(counts).toEqual({ TargetsFailed: 1, CommandsSent: 1 });
  });

  it('is recovered once, though its event comes again', async () => {
    await begin();
    const event = await ended(RESTORE);
    await track(event);
    await track(event);
    expect(recoveries()).toHaveLength(1);
    expect(verdicts()).toHaveLength(1);
    const record = store.content(runKey('shop', RUN_ID, 'recover-sent'));
    expect(JSON.parse(String(record))).toMatchObject({ ...run, commandId: 'command-2', sentAt: ENDED_AT });
  });

  it('is not recovered where it never began: it has touched nothing', async () => {
    expect(await track(await ended(RESTORE, { status: 'Undeliverable', exitCode: null }))).toBe('failed');
    expect(sink.told).toEqual([`restore-failed/shop/${RUN_ID}`]);
    expect(recoveries()).toEqual([]);
  });

  it.each([
    ['Failed', 1],
    ['TimedOut', null],
  ] as const)('is left alone where the agent says that it completed: %s', async (status, exitCode) => {
    await begin();
    await conclude('completed');
    expect(await track(await ended(RESTORE, { status, exitCode }))).toBe('already ended');
    // Whatever else was said of it.
    await failAs({}, { undelivered: UNDELIVERED });
    expect(await track(await ended(RESTORE, { status, exitCode }))).toBe('already ended');
    expect([sink.told, recoveries()]).toEqual([[], []]);
  });

  it.each([
    ['that it lost its lease, and left FalkorDB as it is', 'lease-lost', 5],
    ['that it could not set FalkorDB free', 'restore-unfinished', 10],
    ['why, and that FalkorDB is free', 'integrity', 4],
  ])('is recovered, once, where the agent says %s', async (_, code, exitCode) => {
    await begin();
    await failAs({ code });
    const event = await ended(RESTORE, { exitCode });
    expect(await track(event)).toBe('already ended');
    await track(event);
    expect(recoveries()).toHaveLength(1);
    expect(sink.told).toEqual([]);
    expect(verdicts()).toHaveLength(1);
  });

  it('is recovered where somebody else has given it up before', async () => {
    await begin();
    await failAs({ code: 'deadline' });
    await track(await ended(RESTORE, { status: 'TimedOut', exitCode: null }));
    expect(recoveries()).toHaveLength(1);
  });

  it('is recovered where a newer agent says that it has begun', async () => {
    await store.put(runKey('shop', RUN_ID, 'started'), new TextEncoder().encode('{"schemaVersion":2}'));
    await track(await ended(RESTORE));
    expect(recoveries()).toHaveLength(1);
  });

  it('is not recovered where it was refused because another is at work', async () => {
    await failAs({ code: 'lease-held' });
    expect(await track(await ended(RESTORE, { exitCode: 5 }))).toBe('already ended');
    expect([sink.told, recoveries()]).toEqual([[], []]);
  });

  it('is told in place of an agent that could not, as what it was', async () => {
    await begin();
    const loaded = { name: 'load the safety backup', startedAt: TIME, seconds: 3, ok: true };
    await failAs({ code: 'integrity' }, { undelivered: UNDELIVERED, steps: [loaded] });
    expect(await track(await ended(RESTORE, { exitCode: 4 }))).toBe('told');
    await failAs({ code: 'lease-lost' }, { undelivered: UNDELIVERED, steps: [loaded] });
    await track(await ended(RESTORE, { exitCode: 5 }));
    await failAs({ code: 'integrity' }, { undelivered: UNDELIVERED, steps: [{ ...loaded, ok: false }] });
    await track(await ended(RESTORE, { exitCode: 4 }));
    expect(sink.events.map(({ type }) => type)).toEqual(['Restore Rolled Back', 'Restore Failed', 'Restore Failed']);
    expect(sink.told[0]).toBe(`restore-rolled-back/shop/${RUN_ID}`);
    expect(sink.events[0]?.detail.backupId).toBe('20261121T023000Z-shop-daily');
    expect(recoveries()).toHaveLength(1);
  });

  it('is recovered by the next attempt where it could not be told', async () => {
    await begin();
    await failAs({}, { undelivered: UNDELIVERED });
    const event = await ended(RESTORE);
    sink.isDown = true;
    await expect(track(event)).rejects.toMatchObject({ code: 'not-delivered' });
    sink.isDown = false;
    expect(await track(event)).toBe('told');
    expect(recoveries()).toHaveLength(1);
  });

  it('is not undone by the manifest of its safety backup', async () => {
    await begin();
    await storeBackup(store, 'shop', 'pre-restore', new Date(TIME), { runId: RUN_ID }, { withRecords: false });
    expect(await track(await ended(RESTORE))).toBe('failed');
    expect(recoveries()).toHaveLength(1);
  });

  it('gets its recovery from the next attempt where SSM was busy', async () => {
    await begin();
    const event = await ended(RESTORE);
    ssm.refusals.set('shop', new BackupError('command-refused', 'Rate exceeded.', { retryable: true }));
    await expect(track(event)).rejects.toThrow('Rate exceeded.');
    expect(verdicts()).toEqual([]);
    ssm.refusals.clear();
    expect(await track(event)).toBe('failed');
    expect(recoveries()).toHaveLength(1);
    expect(new Set(sink.told).size).toBe(1);
  });

  it('tells where the host cannot be asked to recover', async () => {
    await begin();
    const event = await ended(RESTORE);
    ssm.instances.set('shop', []);
    expect(await track(event)).toBe('failed');
    expect(sink.told).toEqual([`restore-failed/shop/${RUN_ID}`, `restore-failed/shop/${RUN_ID}-recover`]);
    expect(sink.events[1]?.detail).toMatchObject({
      message: expect.stringContaining('FalkorDB may be frozen'),
      hint: expect.stringContaining('restore --recover'),
    });
    expect(verdicts()).toHaveLength(1);
    expect(store.keys).not.toContain(runKey('shop', RUN_ID, 'recover-sent'));
  });
});

describe('another command that failed', () => {
  it('fails the run of a plan that has no verdict, and tells nobody', async () => {
    const event = await ended(PLAN);
    expect(await track(event)).toBe('failed');
    expect(await track(event)).toBe('already ended');
    expect(verdicts()).toMatchObject([{ verdict: 'failed', failure: { code: 'command-failed' } }]);
    expect([sink.told, recoveries()]).toEqual([[], []]);
  });

  it('tells of a recovery that FalkorDB may be frozen, and leaves the verdict of the restore as it is', async () => {
    await conclude('failed');
    expect(await track(await ended(RECOVER, { exitCode: 6 }))).toBe('failed');
    expect(sink.told).toEqual([`restore-failed/shop/${RUN_ID}-recover`]);
    expect(sink.events[0]?.detail.hint).toContain('FalkorDB may be frozen');
    expect(verdicts()).toHaveLength(1);
    // The one that failed: no other follows.
    expect(recoveries()).toHaveLength(1);
  });

  it.each([
    ['with all parameters', undefined],
    ['as docs/install-agent.md sends it', { Action: ['doctor'], Target: ['shop'] }],
  ])('says nothing of a doctor, %s', async (_, parameters) => {
    expect(await track(await ended(DOCTOR, { exitCode: 9, ...(parameters ? { parameters } : {}) }))).toBe('ignored');
    expect([store.calls, sink.told]).toEqual([[], []]);
  });
});
