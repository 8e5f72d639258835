import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordRequested } from '../../../../core/catalog/runs.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import type { WatchdogInput } from '../../../../core/model/function-inputs.ts';
import { alertKey, verdictPrefix } from '../../../../core/model/keys.ts';
import { type WatchdogDeps, watchdog } from '../../../../lambdas/watchdog/watchdog.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { storeBackup } from '../../../support/stored-backups.ts';
import { watched } from '../../../support/watched-store.ts';

const at = (text: string) => new Date(`${text}Z`);
const SET_UP = at('2026-11-22T12:00:00');
const DUE = at('2026-11-23T02:30:00');
const OVERDUE_AT = at('2026-11-23T03:31:00');
const SCHEDULES = { daily: '30 2 * * *' };

let store: MemoryStore;
let sink: RecordingSink;
let gauges: [string, number][];
beforeEach(() => {
  store = new MemoryStore();
  sink = new RecordingSink();
  gauges = [];
});

function look(now: Date, input: Partial<WatchdogInput> = {}, deps: Partial<WatchdogDeps> = {}) {
  return watchdog(
    { targets: ['shop'], schedules: SCHEDULES, ...input },
    {
      store,
      sink,
      now: () => now,
      remainingMs: () => 900_000,
      log: new Logger({ logLevel: 'SILENT' }),
      gauge: (name, value) => gauges.push([name, value]),
      ...deps,
    },
  );
}

describe('the watchdog', () => {
  it('tells what is overdue once, says how much is until it is back, and tells that', async () => {
    const targets = ['shop', 'wiki'];
    expect(await look(SET_UP, { targets })).toEqual({ targets: 2, told: [], overdue: 0 });
    await storeBackup(store, 'wiki', 'daily', DUE);
    const told = ['backup-overdue/shop/daily-20261123T023000Z'];
    expect(await look(OVERDUE_AT, { targets })).toEqual({ targets: 2, told, overdue: 1 });
    expect(await look(OVERDUE_AT, { targets })).toEqual({ targets: 2, told: [], overdue: 1 });
    await storeBackup(store, 'shop', 'daily', at('2026-11-23T04:00:00'));
    expect(await look(at('2026-11-23T04:15:00'), { targets })).toMatchObject({
      told: ['backup-recovered/shop/daily-20261123T023000Z'],
      overdue: 0,
    });
    expect(gauges).toEqual([0, 1, 1, 0].map((value) => ['Overdue', value]));
    expect(sink.told).toHaveLength(2);
  });

  it('looks at a target that is named twice once', async () => {
    await look(SET_UP);
    expect(await look(OVERDUE_AT, { targets: ['shop', 'shop'] })).toMatchObject({ targets: 1, overdue: 1 });
    expect(sink.told).toHaveLength(1);
  });

  it('goes by the time zone and by the grace it is given', async () => {
    await look(SET_UP);
    expect(await look(OVERDUE_AT, { graceMinutes: 120 })).toMatchObject({ overdue: 0 });
    expect(await look(OVERDUE_AT)).toMatchObject({ overdue: 1 });
    const overseas = { targets: ['wiki'], timeZone: 'America/New_York' };
    await look(SET_UP, overseas);
    // 02:30 in New York is 07:30 UTC.
    expect(await look(OVERDUE_AT, overseas)).toMatchObject({ overdue: 0 });
    expect(await look(at('2026-11-23T08:31:00'), overseas)).toMatchObject({ overdue: 1 });
  });

  it('counts verifications that are older than promised', async () => {
    await storeBackup(store, 'shop', 'daily', at('2026-11-10T02:30:00'));
    await look(at('2026-11-10T03:00:00'), { promisedVerificationDays: 7, schedules: {} });
    expect(await look(SET_UP, { promisedVerificationDays: 7, schedules: {} })).toMatchObject({
      told: [expect.stringContaining('verification-overdue/shop/')],
      overdue: 1,
    });
  });

  it('ends runs that are longer at work than they may be', async () => {
    const runId = '20261122T023000Z-daily';
    const requested = { schemaVersion: 1 as const, runId, target: 'shop', verb: 'backup' as const };
    await recordRequested(store, { ...requested, backupId: null, requestedAt: '2026-11-22T02:30:00.000Z' });
    await store.put(
      `runs/shop/${runId}/started.json`,
      Buffer.from(
        JSON.stringify({
          schemaVersion: 1,
          runId,
          target: 'shop',
          startedAt: '2026-11-22T02:30:00.000Z',
          host: 'h',
          pid: 1,
          toolVersion: '1',
        }),
      ),
    );
    const schedules = {};
    const afterAnHour = at('2026-11-22T03:31:00');
    expect(await look(afterAnHour, { schedules, timeoutSeconds: 7200 })).toMatchObject({ told: [] });
    expect(await look(afterAnHour, { schedules, timeoutSeconds: 1800 })).toMatchObject({
      told: [`backup-failed/shop/${runId}`],
    });
    expect(store.keys.filter((key) => key.startsWith(verdictPrefix('shop', runId)))).toHaveLength(1);
  });
});

describe('a failure', () => {
  it('of one target keeps no other from being told, fails the invocation, and writes no metric', async () => {
    await look(SET_UP, { targets: ['shop', 'wiki'] });
    gauges = [];
    const failing = watched(store, async (call, key) => {
      if (call === 'list' && key.startsWith('daily/shop/')) {
        throw new BackupError('store-unavailable', 'Away.', { hint: 'Wait.', retryable: true });
      }
    });
    await expect(look(OVERDUE_AT, { targets: ['shop', 'wiki'] }, { store: failing })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: 'The watchdog failed for 1 of 2 targets. shop: Away.',
      hint: 'Wait.',
      retryable: true,
    });
    expect(sink.told).toEqual(['backup-overdue/wiki/daily-20261123T023000Z']);
    expect(gauges).toEqual([]);
  });

  it('to tell is told the next time, under the same id', async () => {
    await look(SET_UP);
    sink.isDown = true;
    await expect(look(OVERDUE_AT)).rejects.toMatchObject({ code: 'not-delivered' });
    sink.isDown = false;
    expect(await look(at('2026-11-23T03:46:00'))).toMatchObject({
      told: ['backup-overdue/shop/daily-20261123T023000Z'],
    });
  });

  it('to remember fails the invocation, and to recall what was said does', async () => {
    await look(SET_UP);
    const forgetful = watched(store, async (call) => {
      if (call === 'put') throw new BackupError('store-denied', 'Denied.');
    });
    await expect(look(OVERDUE_AT, {}, { store: forgetful })).rejects.toMatchObject({ code: 'store-denied' });
    expect(await look(OVERDUE_AT)).toMatchObject({ overdue: 1 });
    store.overwrite(alertKey('shop', 'daily'), Buffer.from('{}'));
    await expect(look(OVERDUE_AT)).rejects.toMatchObject({ code: 'integrity' });
    expect(await look(OVERDUE_AT)).toMatchObject({ overdue: 1 });
  });

  it('names so many targets, and says how many there are', async () => {
    const targets = Array.from({ length: 15 }, (_, index) => `t${index}`);
    const failing = watched(store, async () => {
      throw new BackupError('store-denied', 'Denied.');
    });
    const failure = look(OVERDUE_AT, { targets }, { store: failing });
    await expect(failure).rejects.toThrow(
      /^The watchdog failed for 15 of 15 targets\. t0: .* The log names all \d+\.$/,
    );
  });

  it('to come to a target in time is said, and what there was time for is done', async () => {
    const targets = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await look(SET_UP, { targets });
    let asked = 0;
    const remainingMs = () => (++asked > 11 ? 59_000 : 61_000);
    await expect(look(OVERDUE_AT, { targets }, { remainingMs })).rejects.toMatchObject({
      code: 'deadline',
      message: expect.stringContaining('failed for 1 of 12 targets. t11: It was not looked at'),
    });
    expect(sink.told).toHaveLength(11);
  });
});

describe('the input', () => {
  it.each([
    [{ schedules: { daily: '30 2 * *' } }, 'invalid-settings'],
    [{ timeZone: 'Mars/Olympus' }, 'invalid-settings'],
    [{ targets: [] }, 'invalid-argument'],
    [{ targets: ['../etc'] }, 'invalid-argument'],
    [{ schedules: { manual: '30 2 * * *' } }, 'invalid-argument'],
    [{ graceMinutes: -1 }, 'invalid-argument'],
    [{ surprise: true }, 'invalid-argument'],
  ])('%j is refused', async (input, code) => {
    await expect(look(OVERDUE_AT, input as object)).rejects.toMatchObject({ code });
    expect(gauges).toEqual([]);
  });
});
