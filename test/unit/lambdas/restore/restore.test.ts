import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { findRun, recordPlan, recordRequested, recordStarted, recordVerdict } from '../../../../core/catalog/runs.ts';
import { recordVerification } from '../../../../core/catalog/verifications.ts';
import { parseBackupId } from '../../../../core/model/backup-id.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { manifestKey, runKey } from '../../../../core/model/keys.ts';
import { decodeRequest } from '../../../../core/model/request.ts';
import { fromSsmParameters } from '../../../../core/model/request-parameters.ts';
import type { Requested, Verdict } from '../../../../core/model/run-record.ts';
import type { Tier } from '../../../../core/model/tiers.ts';
import type { RestoreDeps } from '../../../../lambdas/restore/deps.ts';
import { restore } from '../../../../lambdas/restore/restore.ts';
import { examplePlan } from '../../../support/example-plan.ts';
import { exampleVerification } from '../../../support/example-verification.ts';
import { FakeSystemsManager } from '../../../support/fake-systems-manager.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const NOW = new Date('2026-11-23T05:00:00Z');
const DAY_MS = 24 * 3600 * 1000;
const NEW_RUN_ID = /^20261123T050000Z-[0-9a-f]{8}$/;
const BACKUP_BYTES = 1;

let store: MemoryStore;
let ssm: FakeSystemsManager;
let sink: RecordingSink;
beforeEach(() => {
  store = new MemoryStore();
  ssm = new FakeSystemsManager();
  sink = new RecordingSink();
});

/** As it reaches whoever invoked the function. */
async function invoke(input: object, facts: Partial<RestoreDeps> = {}) {
  const settings = { document: 'Our-Document', targetTag: 'our-tag', log: new Logger({ logLevel: 'SILENT' }) };
  const answer = await restore(input, {
    store,
    ssm,
    sink,
    now: () => NOW,
    remainingMs: () => 50_000,
    ...settings,
    ...facts,
  });
  return JSON.parse(JSON.stringify(answer));
}

/** A store that is away when a record of this name is written. */
const withoutRecord = (name: string) =>
  watched(store, async (call, key) => {
    if (call === 'put' && key.includes(`/${name}`)) throw new BackupError('store-unavailable', 'Away.');
  });

const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
const backup = (days: number, tier: Tier = 'daily', target = 'shop') => storeBackup(store, target, tier, daysAgo(days));
const sentRequests = () => ssm.sent.map(({ parameters }) => decodeRequest(fromSsmParameters(parameters)));
const partsOf = (backupId: string) => {
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error(backupId);
  return parts;
};

describe('list', () => {
  const list = async (more = {}) => invoke({ action: 'list', target: 'shop', ...more });

  it('shows the newest first, of the target alone', async () => {
    const [old, young] = [await backup(2), await backup(1, 'snapshot')];
    await backup(1, 'daily', 'wiki');
    expect(await list()).toEqual({
      target: 'shop',
      total: 2,
      backups: [
        {
          status: 'ok',
          backupId: young,
          tier: 'snapshot',
          takenAt: daysAgo(1).toISOString(),
          ageSeconds: 86_400,
          rdbBytes: 123_456,
          storedBytes: BACKUP_BYTES,
          graphs: 1,
          nodes: 1200,
          edges: 3400,
          verified: null,
          pinned: false,
        },
        expect.objectContaining({ backupId: old, ageSeconds: 2 * 86_400 }),
      ],
    });
  });

  it('shows only so many, and only of a tier', async () => {
    const daily = [await backup(3), await backup(2)];
    await backup(1, 'snapshot');
    const { total, backups } = await list({ tier: 'daily', limit: 1 });
    expect(total).toBe(2);
    expect(backups).toMatchObject([{ backupId: daily[1] }]);
  });

  it('says of a backup that it is incomplete or cannot be read, and whether it was loaded', async () => {
    const [loaded, incomplete, unreadable] = [await backup(3), await backup(2), await backup(1)];
    await recordVerification(store, partsOf(loaded), exampleVerification({ backupId: loaded }));
    const dump = store.keys.find((key) => key.includes(`${incomplete}/`) && key.includes('/dump'));
    await store.delete(dump ?? '');
    store.overwrite(manifestKey(partsOf(unreadable)), new TextEncoder().encode('{'));
    expect((await list()).backups).toMatchObject([
      { status: 'unreadable', backupId: unreadable, tier: 'daily', error: { code: 'unreadable-manifest' } },
      { status: 'incomplete', backupId: incomplete },
      { status: 'ok', backupId: loaded, verified: { outcome: 'loaded' } },
    ]);
  });
});

describe('plan', () => {
  const plan = (more = {}) => invoke({ action: 'plan', target: 'shop', backup: 'latest', ...more });

  it('says what the catalog knows, and has the host look at the rest', async () => {
    const instanceId = ssm.addInstance('shop');
    const backupId = await backup(1);
    const verification = exampleVerification({ backupId });
    await recordVerification(store, partsOf(backupId), verification);
    const answer = await plan({ options: ['unproven'] });
    expect(answer).toMatchObject({
      runId: expect.stringMatching(NEW_RUN_ID),
      commandId: 'command-1',
      instanceId,
      backup: {
        backupId,
        target: 'shop',
        ageSeconds: 86_400,
        writtenBy: { falkordb: '4.16.3' },
        graphNames: ['knowledge "graph", {2}'],
        verified: { at: verification.verifiedAt, outcome: 'loaded', failure: null },
        objects: [
          { status: 'ok', bytes: BACKUP_BYTES },
          { status: 'ok', bytes: BACKUP_BYTES },
        ],
      },
    });
    const { runId } = answer;
    expect(answer.next).toBe(`invoke with {"action":"status","target":"shop","runId":"${runId}"}`);
    expect(sentRequests()).toEqual([
      { action: 'plan', target: 'shop', runId, backup: backupId, options: ['unproven'] },
    ]);
    expect(ssm.sent).toMatchObject([{ document: 'Our-Document', instanceId, comment: runId }]);
    expect(ssm.tagsSought).toEqual(['our-tag=shop']);
    expect(await findRun(store, 'shop', runId)).toMatchObject({ requested: { verb: 'plan', backupId }, verdicts: [] });
  });

  it('says that the dump is missing, or has another size', async () => {
    ssm.addInstance('shop');
    const backupId = await backup(1);
    const [dump = '', state = ''] = ['dump', 'state'].map((name) =>
      store.keys.find((key) => key.includes(`/${name}.`)),
    );
    await store.delete(dump);
    store.overwrite(state, new TextEncoder().encode('too long'));
    const { objects } = (await plan({ backup: backupId })).backup;
    expect(objects).toEqual([
      { key: dump, status: 'missing', bytes: null },
      { key: state, status: 'wrong-size', bytes: 8 },
    ]);
  });

  it('answers what the catalog knows where no host can be reached, and that run has failed', async () => {
    ssm.addInstance('shop', { isOnline: false });
    const backupId = await backup(1);
    const answer = await plan();
    expect(answer).toMatchObject({ backup: { backupId }, host: { error: { code: 'command-refused' } } });
    expect(answer.host.error.message).toContain('is not Online');
    expect(answer.commandId).toBeUndefined();
    expect(await invoke({ action: 'status', target: 'shop', runId: answer.runId })).toMatchObject({
      verb: 'plan',
      outcome: 'failed',
      failure: { code: 'command-refused' },
    });
    expect(sink.events).toEqual([]);
  });

  it("means another target's backups where it is told so", async () => {
    ssm.addInstance('shop');
    await backup(1);
    const theirs = await backup(2, 'daily', 'wiki');
    const { backup: found } = await plan({ fromTarget: 'wiki' });
    expect(found).toMatchObject({ backupId: theirs, target: 'wiki' });
    expect(sentRequests()).toMatchObject([{ target: 'shop', backup: theirs }]);
  });

  it('asks no host about a backup that is not there', async () => {
    ssm.addInstance('shop');
    await expect(plan()).rejects.toMatchObject({ code: 'backup-not-found' });
    expect(ssm.sent).toEqual([]);
    expect(store.keys).toEqual([]);
  });
});

describe('start', () => {
  const start = (more = {}, facts = {}) =>
    invoke({ action: 'start', target: 'shop', backup: 'latest', confirm: 'shop', ...more }, facts);

  it('records the run, and asks the host for the very backup that is the latest now', async () => {
    const instanceId = ssm.addInstance('shop');
    const backupId = await backup(1);
    const { runId, ...answer } = await start({ options: ['no-safety-backup', 'allow-newer-engine'] });
    expect(runId).toMatch(NEW_RUN_ID);
    const next = `invoke with {"action":"status","target":"shop","runId":"${runId}"}`;
    expect(answer).toEqual({ commandId: 'command-1', instanceId, backupId, next });
    await backup(0);
    expect(sentRequests()).toEqual([
      {
        action: 'restore',
        target: 'shop',
        runId,
        backup: backupId,
        options: ['no-safety-backup', 'allow-newer-engine'],
      },
    ]);
    expect(await findRun(store, 'shop', runId)).toMatchObject({
      requested: { verb: 'restore', backupId, requestedAt: NOW.toISOString() },
      verdicts: [],
    });
    expect(sink.events).toEqual([]);
  });

  it.each(['', 'wiki', 'Shop', 'shop '])('does nothing that is confirmed as "%s"', async (confirm) => {
    ssm.addInstance('shop');
    await backup(1);
    const before = store.keys;
    await expect(start({ confirm })).rejects.toMatchObject({
      code: 'not-confirmed',
      message: expect.stringContaining('overwrites all that shop holds'),
      hint: expect.stringContaining('"confirm": "shop"'),
    });
    expect(ssm.tagsSought).toEqual([]);
    expect(store.keys).toEqual(before);
  });

  it('has failed where it could not be sent, and says so everywhere', async () => {
    const backupId = await backup(1);
    await expect(start()).rejects.toMatchObject({
      code: 'command-refused',
      message: expect.stringContaining('our-tag=shop'),
    });
    const [event, ...others] = sink.events;
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: 'Restore Failed',
      detail: { target: 'shop', backupId, failure: { code: 'command-refused' } },
    });
    const { runId } = event?.detail ?? {};
    expect(event?.detail.eventId).toBe(`restore-failed/shop/${runId}`);
    expect(await findRun(store, 'shop', runId ?? '')).toMatchObject({
      requested: { verb: 'restore', backupId },
      verdicts: [{ verdict: 'failed', failure: { code: 'command-refused', hint: expect.stringContaining('Tag') } }],
    });
  });

  it('says why it failed also where nobody can be told, and the verdict is recorded', async () => {
    ssm.addInstance('shop');
    ssm.refusals.set('shop', new BackupError('command-refused', 'Rate exceeded.', { retryable: true }));
    sink.isDown = true;
    await backup(1);
    await expect(start()).rejects.toThrow('Rate exceeded.');
    expect(store.keys.filter((key) => key.startsWith('runs/shop/20261123') && key.includes('/verdict-'))).toHaveLength(
      1,
    );
  });

  it('says why it failed also where that cannot be recorded, and tells it', async () => {
    await backup(1);
    await expect(start({}, { store: withoutRecord('verdict-') })).rejects.toMatchObject({ code: 'command-refused' });
    expect(sink.events).toMatchObject([{ type: 'Restore Failed' }]);
  });

  it.each([
    [29_999, 0],
    [30_000, 1],
  ])('is sent only where there is time left to tell: %i ms', async (remainingMs, sent) => {
    ssm.addInstance('shop');
    await backup(1);
    const answer = start({}, { remainingMs: () => remainingMs });
    if (sent === 0) {
      await expect(answer).rejects.toMatchObject({ code: 'deadline', retryable: true, hint: expect.any(String) });
      expect(sink.events).toMatchObject([{ type: 'Restore Failed', detail: { failure: { code: 'deadline' } } }]);
    } else await answer;
    expect(ssm.sent).toHaveLength(sent);
  });

  it('sends nothing that could not be recorded', async () => {
    ssm.addInstance('shop');
    await backup(1);
    await expect(start({}, { store: withoutRecord('requested') })).rejects.toThrow('Away.');
    expect(ssm.sent).toEqual([]);
  });
});

describe('start after another restore', () => {
  const RUN_ID = '20261123T045900Z-x';
  const start = (secondsLater = 0) =>
    invoke(
      { action: 'start', target: 'shop', backup: 'latest', confirm: 'shop' },
      { now: () => new Date(NOW.getTime() + secondsLater * 1000) },
    );
  const status = (runId: string) => `invoke with {"action":"status","target":"shop","runId":"${runId}"}`;
  beforeEach(async () => {
    ssm.addInstance('shop');
    await backup(1);
  });

  it('is refused where the client asks a second time by itself', async () => {
    const { runId } = await start();
    await begin(runId);
    await end(runId, 'completed');
    await expect(start(61)).rejects.toMatchObject({
      code: 'lease-held',
      retryable: false,
      message: expect.stringMatching(`^A restore of shop was asked for 1 minute 1 second ago \\(run ${runId}\\)`),
      hint: `See what became of it: ${status(runId)}. If another one is meant, ask again in 59 seconds.`,
    });
    await expect(start(119)).rejects.toMatchObject({ hint: expect.stringContaining('ask again in 1 second.') });
    expect(ssm.sent).toHaveLength(1);
    await start(120);
    expect(ssm.sent).toHaveLength(2);
  });

  it.each(['failed', 'completed'] as const)('is refused shortly after one that began and %s', async (verdict) => {
    await request(RUN_ID, 'restore');
    await begin(RUN_ID);
    await end(RUN_ID, verdict);
    await expect(start(30)).rejects.toMatchObject({ code: 'lease-held' });
    expect(ssm.sent).toEqual([]);
  });

  it.each([true, false])('is refused while one is open, for three days (begun: %s)', async (hasBegun) => {
    await request(RUN_ID, 'restore');
    if (hasBegun) await begin(RUN_ID);
    await expect(start(2 * 3600)).rejects.toMatchObject({
      code: 'lease-held',
      retryable: false,
      message: `The restore of shop that was asked for 2 hours ago (run ${RUN_ID}) has not ended; no other was begun.`,
      hint: expect.stringMatching(/"action":"status".*Where its agent has died, invoke with \{"action":"recover"/),
    });
    await expect(start(3 * 86_400 - 61)).rejects.toMatchObject({ code: 'lease-held' });
    expect(ssm.sent).toEqual([]);
    await start(3 * 86_400 + 1);
    expect(ssm.sent).toHaveLength(1);
  });

  it('is free once the one before has its verdict, whoever gave it', async () => {
    await request(RUN_ID, 'restore');
    await begin(RUN_ID);
    await end(RUN_ID, 'failed', { failure: { code: 'deadline', message: 'Silence.', hint: null, retryable: false } });
    await start(300);
    expect(ssm.sent).toHaveLength(1);
  });

  it('is free after one that could not be sent', async () => {
    ssm.refusals.set('shop', new BackupError('command-refused', 'Offline.'));
    await expect(start()).rejects.toThrow('Offline.');
    ssm.refusals.clear();
    await start(20);
    expect(ssm.sent).toHaveLength(1);
  });

  it('takes no other run for a restore, and no other target', async () => {
    for (const verb of ['backup', 'plan', 'prune'] as const) await request(`20261123T045900Z-${verb}`, verb);
    const theirs = { ...common(RUN_ID), target: 'wiki', verb: 'restore' as const, backupId: null };
    await recordRequested(store, { ...theirs, requestedAt: NOW.toISOString() });
    await start(1);
    expect(ssm.sent).toHaveLength(1);
  });

  it('is refused by the verdict of a newer version only for a moment', async () => {
    await request(RUN_ID, 'restore');
    await store.put(runKey('shop', RUN_ID, 'verdict-1'), new TextEncoder().encode('{"schemaVersion":2}'));
    await expect(start(119)).rejects.toMatchObject({ message: expect.stringContaining('the same invocation') });
    await start(120);
    expect(ssm.sent).toHaveLength(1);
  });

  it('is refused after one of a host whose clock goes ahead', async () => {
    await request(RUN_ID, 'restore');
    await end(RUN_ID, 'completed');
    await expect(start(-60)).rejects.toMatchObject({ code: 'lease-held' });
    await start(-120);
    expect(ssm.sent).toHaveLength(1);
  });
});

const common = (runId: string) => ({ schemaVersion: 1 as const, runId, target: 'shop' });

async function request(runId: string, verb: Requested['verb'], backupId: string | null = null): Promise<void> {
  await recordRequested(store, { ...common(runId), verb, backupId, requestedAt: NOW.toISOString() });
}

async function begin(runId: string): Promise<void> {
  await recordStarted(store, { ...common(runId), startedAt: NOW.toISOString(), host: 'h', pid: 1, toolVersion: '1' });
}

async function end(runId: string, verdict: Verdict['verdict'], facts: Partial<Verdict> = {}): Promise<void> {
  const none = { reason: null, failure: null, steps: [] };
  await recordVerdict(store, { ...common(runId), verdict, endedAt: NOW.toISOString(), ...none, ...facts });
}

describe('status', () => {
  const RUN_ID = '20261123T040000Z-x';
  const status = () => invoke({ action: 'status', target: 'shop', runId: RUN_ID });

  it('follows a restore to its end', async () => {
    const backupId = '20261122T023000Z-shop-daily';
    await request(RUN_ID, 'restore', backupId);
    expect(await status()).toMatchObject({
      outcome: 'requested',
      verb: 'restore',
      backupId,
      startedAt: null,
      plan: null,
    });
    await begin(RUN_ID);
    expect(await status()).toMatchObject({ outcome: 'running', startedAt: NOW.toISOString(), endedAt: null });
    const failure = { code: 'command-failed', message: 'Silence.', hint: null, retryable: false };
    await end(RUN_ID, 'failed', { failure });
    expect(await status()).toMatchObject({ outcome: 'failed', failure });
    const steps = [{ name: 'freeze', startedAt: NOW.toISOString(), seconds: 2, ok: true }];
    await end(RUN_ID, 'completed', { steps });
    expect(await status()).toMatchObject({ outcome: 'completed', failure: null, steps, endedAt: NOW.toISOString() });
  });

  it('shows what a plan found, with the graphs in brief', async () => {
    await request(RUN_ID, 'plan');
    await recordPlan(store, { ...examplePlan(RUN_ID), target: 'shop' });
    const { plan } = await status();
    expect(plan).toMatchObject({
      status: 'planned',
      provenAt: null,
      notes: ['The clocks were not compared.'],
      server: { falkordb: '4.16.3', graphs: 1, nodes: 1200, edges: 3400, graphNames: ['knowledge "graph", {2}'] },
    });
    expect(plan).not.toHaveProperty('runId');
  });

  it('knows that a run has made its backup whatever verdict it was given', async () => {
    const backupId = await storeBackup(store, 'shop', 'daily', daysAgo(1), { runId: RUN_ID }, { withRecords: false });
    await request(RUN_ID, 'backup', backupId);
    await end(RUN_ID, 'failed');
    expect(await status()).toMatchObject({ outcome: 'completed', failure: null });
    const other = '20261123T040001Z-x';
    await request(other, 'backup', backupId);
    await end(other, 'failed');
    expect(await invoke({ action: 'status', target: 'shop', runId: other })).toMatchObject({ outcome: 'failed' });
  });

  it('names records that cannot be read', async () => {
    await request(RUN_ID, 'restore');
    const key = runKey('shop', RUN_ID, 'started');
    store.overwrite(key, new TextEncoder().encode('{'));
    expect(await status()).toMatchObject({ outcome: 'requested', unreadable: [key] });
  });

  it('knows nothing of a run that is not recorded', async () => {
    await request(`${RUN_ID}y`, 'restore');
    await expect(status()).rejects.toMatchObject({
      code: 'backup-not-found',
      message: expect.stringContaining(RUN_ID),
    });
  });
});

describe('recover', () => {
  const recover = () => invoke({ action: 'recover', target: 'shop' });
  const at = (days: number) =>
    `${daysAgo(days)
      .toISOString()
      .replace(/[-:]|\.000/g, '')}-x`;
  const restored = async (days: number, ending?: Verdict['verdict']) => {
    await request(at(days), 'restore');
    await begin(at(days));
    if (ending) await end(at(days), ending);
  };

  it('names the newest restore that has begun and did not complete', async () => {
    const instanceId = ssm.addInstance('shop');
    await restored(5);
    await restored(4, 'failed');
    await restored(3, 'completed');
    await request(at(2), 'backup');
    await begin(at(2));
    await request(at(1), 'restore');
    expect(await recover()).toEqual({ runId: at(4), commandId: 'command-1', instanceId });
    expect(sentRequests()).toEqual([{ action: 'recover', target: 'shop', runId: at(4) }]);
  });

  it('names one that was only asked for where none has begun', async () => {
    ssm.addInstance('shop');
    await request(at(2), 'restore');
    await request(at(1), 'restore');
    expect(await recover()).toMatchObject({ runId: at(1) });
  });

  it('lets the agent look also where no such restore is known', async () => {
    ssm.addInstance('shop');
    await restored(32);
    await restored(3, 'completed');
    expect(await recover()).toMatchObject({ runId: expect.stringMatching(NEW_RUN_ID) });
  });

  it('says that no host can be reached', async () => {
    await expect(recover()).rejects.toMatchObject({ code: 'command-refused' });
  });
});

describe('the input', () => {
  it.each([
    [{ action: 'drop', target: 'shop' }, /action/],
    [{ action: 'start', target: 'shop', backup: 'latest' }, /confirm/],
    [{ action: 'start', target: 'shop', backup: 'latest', confirm: 'shop', options: ['force'] }, /options\.0/],
    [{ action: 'plan', target: 'shop', backup: '../x' }, /backup/],
    [{ action: 'list', target: 'shop', limit: 0 }, /limit/],
    [{ action: 'status', target: 'shop', runId: '$(reboot)' }, /runId/],
    [{ action: 'recover', target: 'shop', force: true }, /force/],
  ])('is refused where it is %j', async (input, message) => {
    ssm.addInstance('shop');
    await expect(invoke(input)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
    expect(store.calls).toEqual([]);
    expect(ssm.tagsSought).toEqual([]);
  });
});
