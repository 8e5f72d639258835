import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { listRuns, recordVerdict } from '../../../../core/catalog/runs.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import { runKey, verdictPrefix } from '../../../../core/model/keys.ts';
import { type StartBackupDeps, startBackup } from '../../../../lambdas/start-backup/start-backup.ts';
import { FakeSystemsManager } from '../../../support/fake-systems-manager.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const SCHEDULED = '2026-11-22T02:30:00Z';
const RUN_ID = '20261122T023000Z-daily';
const NOW = new Date('2026-11-22T02:30:05Z');

let store: MemoryStore;
let ssm: FakeSystemsManager;
let sink: RecordingSink;
let counts: Record<string, number>;
beforeEach(() => {
  store = new MemoryStore();
  ssm = new FakeSystemsManager();
  sink = new RecordingSink();
  counts = {};
});

function start(targets: string[], deps: Partial<StartBackupDeps> = {}) {
  return startBackup(
    { tier: 'daily', scheduledTime: SCHEDULED, targets },
    {
      store,
      ssm,
      sink,
      document: 'Our-Document',
      targetTag: 'our-tag',
      now: () => NOW,
      log: new Logger({ logLevel: 'SILENT' }),
      count: (name, value) => {
        counts[name] = (counts[name] ?? 0) + value;
      },
      ...deps,
    },
  );
}

const runOf = async (target: string) => (await listRuns(store, target, new Date(0)))[0];
const throttled = () => new BackupError('command-refused', 'Rate exceeded.', { retryable: true });

describe('startBackup', () => {
  it('records the run of each target and sends its request, once', async () => {
    ssm.addInstance('shop');
    ssm.addInstance('wiki');
    const { targets } = await start(['shop', 'wiki', 'shop']);
    expect(targets).toEqual([
      { target: 'shop', runId: RUN_ID, outcome: 'sent', commandId: 'command-1' },
      { target: 'wiki', runId: RUN_ID, outcome: 'sent', commandId: 'command-2' },
    ]);
    expect(ssm.sent.map(({ comment, parameters }) => [comment, parameters.Target, parameters.ScheduledFor])).toEqual([
      [RUN_ID, ['shop'], ['2026-11-22T02:30:00.000Z']],
      [RUN_ID, ['wiki'], ['2026-11-22T02:30:00.000Z']],
    ]);
    expect(await runOf('shop')).toMatchObject({
      requested: { verb: 'backup', backupId: '20261122T023000Z-shop-daily', requestedAt: NOW.toISOString() },
      verdicts: [],
    });
    expect(counts).toEqual({ CommandsSent: 2, TargetsFailed: 0 });
  });

  it('records the run before it sends', async () => {
    ssm.addInstance('shop');
    ssm.refusals.set('shop', throttled());
    await expect(start(['shop'])).rejects.toThrow();
    expect((await runOf('shop'))?.requested).toBeDefined();
  });

  it('takes a time with an offset for the moment that it is', async () => {
    ssm.addInstance('shop');
    const deps = { store, ssm, sink, document: 'd', targetTag: 't', now: () => NOW, count: () => {} };
    const input = { tier: 'snapshot', scheduledTime: '2026-11-22T03:30:00+01:00', targets: ['shop'] };
    const { targets } = await startBackup(input, { ...deps, log: new Logger({ logLevel: 'SILENT' }) });
    expect(targets).toMatchObject([{ runId: '20261122T023000Z-snapshot' }]);
  });

  it('fails a target that cannot be reached by name, and starts the others', async () => {
    ssm.addInstance('shop');
    ssm.addInstance('wiki', { isOnline: false });
    const { targets } = await start(['gone', 'wiki', 'shop']);
    expect(targets).toMatchObject([
      { target: 'gone', outcome: 'failed', error: expect.stringContaining('our-tag=gone') },
      { target: 'wiki', outcome: 'failed', error: expect.stringContaining('i-wiki-1') },
      { target: 'shop', outcome: 'sent' },
    ]);
    expect(sink.told.toSorted()).toEqual([`backup-failed/gone/${RUN_ID}`, `backup-failed/wiki/${RUN_ID}`]);
    const event = sink.events.find(({ detail }) => detail.target === 'wiki');
    expect(event?.detail).toMatchObject({
      tier: 'daily',
      runId: RUN_ID,
      backupId: '20261122T023000Z-wiki-daily',
      hint: expect.stringContaining('amazon-ssm-agent'),
      failure: { code: 'command-refused', retryable: false },
    });
    expect((await runOf('wiki'))?.verdicts).toMatchObject([{ verdict: 'failed', failure: event?.detail.failure }]);
    expect(counts).toEqual({ CommandsSent: 1, TargetsFailed: 2 });
  });

  it.each(['completed', 'skipped', 'failed'] as const)('leaves a run alone that has %s', async (verdict) => {
    ssm.addInstance('shop');
    const common = { schemaVersion: 1 as const, runId: RUN_ID, target: 'shop' };
    await recordVerdict(store, { ...common, verdict, endedAt: SCHEDULED, reason: null, failure: null, steps: [] });
    expect((await start(['shop'])).targets).toEqual([{ target: 'shop', runId: RUN_ID, outcome: 'already ended' }]);
    expect(ssm.sent).toEqual([]);
  });

  it('leaves a backup alone that exists', async () => {
    ssm.addInstance('shop');
    await storeBackup(store, 'shop', 'daily', new Date(SCHEDULED), {}, { withRecords: false });
    expect((await start(['shop'])).targets).toMatchObject([{ outcome: 'already ended' }]);
    expect(ssm.sent).toEqual([]);
  });

  it('sends again where there is no verdict: the function had died before or after it sent', async () => {
    ssm.addInstance('shop');
    await start(['shop']);
    expect((await start(['shop'])).targets).toMatchObject([{ outcome: 'sent' }]);
    expect(ssm.sent).toHaveLength(2);
  });
});

describe('startBackup throws, after all targets were tried,', () => {
  it('where a failure may pass, of which it says nothing yet', async () => {
    for (const target of ['busy', 'shop']) ssm.addInstance(target);
    ssm.refusals.set('busy', throttled());
    await expect(start(['busy', 'gone', 'shop'])).rejects.toMatchObject({
      retryable: true,
      message: 'Left to do are 1 of 3 targets. busy: Rate exceeded.',
    });
    expect(sink.told).toEqual([`backup-failed/gone/${RUN_ID}`]);
    expect((await runOf('busy'))?.verdicts).toEqual([]);
    expect(ssm.sent).toMatchObject([{ instanceId: 'i-shop-1' }]);
    expect(counts).toEqual({ CommandsSent: 1, TargetsFailed: 2 });

    ssm.refusals.clear();
    const { targets } = await start(['busy', 'gone', 'shop']);
    expect(targets.map(({ outcome }) => outcome)).toEqual(['sent', 'already ended', 'sent']);
    expect(sink.told).toHaveLength(1);
  });

  it('where a failure could not be told: then it has no verdict, so that it is told the next time', async () => {
    sink.isDown = true;
    await expect(start(['gone'])).rejects.toMatchObject({ retryable: true, message: expect.stringContaining('gone') });
    expect((await runOf('gone'))?.verdicts).toEqual([]);
    sink.isDown = false;
    expect((await start(['gone'])).targets).toMatchObject([{ outcome: 'failed' }]);
    expect(sink.told).toEqual([`backup-failed/gone/${RUN_ID}`]);
    expect((await runOf('gone'))?.verdicts).toHaveLength(1);
  });

  it('where a failure could not be recorded: then it is told again, under the same id', async () => {
    let isFull = true;
    const failing = watched(store, async (call, key) => {
      if (call === 'put' && isFull && key.startsWith(verdictPrefix('gone', RUN_ID)))
        throw new BackupError('store-full', 'Full.');
    });
    await expect(start(['gone'], { store: failing })).rejects.toMatchObject({ retryable: true });
    isFull = false;
    expect((await start(['gone'], { store: failing })).targets).toMatchObject([{ outcome: 'failed' }]);
    expect(new Set(sink.told).size).toBe(1);
    expect((await runOf('gone'))?.verdicts).toHaveLength(1);
  });

  it('where the store is away, and the others have their commands', async () => {
    for (const target of ['shop', 'wiki']) ssm.addInstance(target);
    const failing = watched(store, async (_, key) => {
      if (key === runKey('wiki', RUN_ID, 'requested')) {
        throw new BackupError('store-unavailable', 'Away.', { retryable: true });
      }
    });
    await expect(start(['wiki', 'shop'], { store: failing })).rejects.toThrow('wiki: Away.');
    expect(ssm.sent).toMatchObject([{ instanceId: 'i-shop-1' }]);
    expect(sink.told).toEqual([]);
  });

  it('at an input that is wrong, before anything is done', async () => {
    ssm.addInstance('shop');
    await expect(start(['shop', '../x'])).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('targets.1'),
    });
    expect(store.calls).toEqual([]);
    expect(ssm.sent).toEqual([]);
  });
});
