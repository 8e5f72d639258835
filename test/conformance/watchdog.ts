import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { Lease } from '../../core/catalog/lease.ts';
import { tellNotices } from '../../core/catalog/notice.ts';
import { findRun, recordRequested, recordStarted, recordVerdict } from '../../core/catalog/runs.ts';
import { recordVerification } from '../../core/catalog/verifications.ts';
import { type WatchRequest, watch } from '../../core/catalog/watchdog.ts';
import { formatBackupId, parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { BackupEvent } from '../../core/model/events.ts';
import { alertKey, leaseKey } from '../../core/model/keys.ts';
import type { Requested } from '../../core/model/run-record.ts';
import { DEFAULT_SCHEDULES, type Tier } from '../../core/model/tiers.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';
import type { VerificationOutcome } from '../../core/model/verification.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { encodeJson } from '../../core/store/small-object.ts';
import { exampleVerification } from '../support/example-verification.ts';
import { RecordingSink } from '../support/recording-sink.ts';
import { scheduledOn } from '../support/retainables.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { watched } from '../support/watched-store.ts';
import { keysOf } from './object-helpers.ts';
import type { StoreUnderTest } from './object-store.ts';

const TARGET = 'shop';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const at = (text: string) => new Date(`${text}Z`);

export interface WatchdogConformance {
  /** Midnight of the day on which the life begins that is lived through; it ends on 6 December. */
  from: string;
  stepMinutes: number;
}

export function watchdogConformance(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  life: WatchdogConformance,
): void {
  describe(`the watchdog on ${name}`, () => {
    let tested: StoreUnderTest;
    let store: ObjectStore;
    let sink: RecordingSink;
    beforeEach(async () => {
      tested = await makeStore();
      store = tested.store;
      sink = new RecordingSink();
    });
    afterEach(() => tested.cleanUp());

    const tell = (events: BackupEvent[]) => sink.send(events);
    const look = (now: Date, more: Partial<WatchRequest> = {}, through = store) =>
      watch(through, { targets: [TARGET], schedules: { daily: DEFAULT_SCHEDULES.daily }, now, ...more });
    /** What is told now, by event id. */
    const told = async (now: Date, more: Partial<WatchRequest> = {}, through = store) => {
      const before = sink.told.length;
      const { notices, failures } = await look(now, more, through);
      expect([...failures, ...(await tellNotices(notices, tell))]).toEqual([]);
      return sink.told.slice(before);
    };
    /** The first look: only what comes due after it is promised. */
    const watching = (targets = [TARGET]) => look(at('2026-11-22T02:31:00'), { targets });
    const backup = (tier: Tier, time: string, facts: Parameters<typeof storeBackup>[4] = {}) =>
      storeBackup(store, TARGET, tier, at(time), facts);
    const skip = async (tier: Tier, time: Date, reason: string) => {
      const runId = `${toCompactTimestamp(time)}-${tier}`;
      const backupId = formatBackupId({ target: TARGET, tier, scheduledFor: time });
      const [record, moment] = [{ schemaVersion: 1 as const, runId, target: TARGET }, time.toISOString()];
      await recordRequested(store, { ...record, verb: 'backup', backupId, requestedAt: moment });
      await recordVerdict(store, { ...record, verdict: 'skipped', endedAt: moment, reason, failure: null });
    };
    const verified = (backupId: string, time: string, outcome: VerificationOutcome = 'loaded') =>
      recordVerification(
        store,
        partsOf(backupId),
        exampleVerification({ backupId, verifiedAt: at(time).toISOString(), outcome }),
      );
    /** The daily backup of the 23rd was due at 02:30. */
    const OVERDUE = 'backup-overdue/shop/daily-20261123T023000Z';
    const RECOVERED = 'backup-recovered/shop/daily-20261123T023000Z';
    const TOLD_AT = at('2026-11-23T03:31:00');

    it('tells an outage once, reminds daily, and tells its end once, for every tier', async () => {
      const schedules = DEFAULT_SCHEDULES;
      const [outage, end] = [at('2026-11-28T12:01:00'), at('2026-12-02T11:59:00')];
      const queue = daysFrom(at(life.from), at('2026-12-06T00:00:00'))
        .flatMap(scheduledOn)
        .filter(([, time]) => time < outage || time > end);
      // What schedules make again only after weeks is made up for by hand.
      queue.push(['weekly', at('2026-12-02T13:00:00')], ['monthly', at('2026-12-02T13:00:00')]);
      queue.sort(([, a], [, b]) => a.getTime() - b.getTime());
      for (
        let now = at(life.from).getTime();
        now < at('2026-12-06T00:00:00').getTime();
        now += life.stepMinutes * MINUTE_MS
      ) {
        while (queue[0] && queue[0][1].getTime() <= now) {
          const [[tier, time]] = queue.splice(0, 1) as [[Tier, Date]];
          // Nothing is written on even days.
          if (tier === 'snapshot' && time.getUTCDate() % 2 === 0) await skip(tier, time, 'unchanged');
          else await storeBackup(store, TARGET, tier, time);
        }
        await told(new Date(now + MINUTE_MS), { schedules });
      }
      const of = (tier: Tier) => sink.told.filter((id) => id.includes(`/${tier}-`));
      const expected = (outageName: string, reminders: number) => [
        `backup-overdue/shop/${outageName}`,
        ...Array.from({ length: reminders }, (_, index) => `backup-overdue/shop/${outageName}-day-${index + 1}`),
        `backup-recovered/shop/${outageName}`,
      ];
      expect(of('snapshot')).toEqual(expected('snapshot-20261128T160000Z', 3));
      expect(of('daily')).toEqual(expected('daily-20261129T023000Z', 3));
      expect(of('weekly')).toEqual(expected('weekly-20261129T030000Z', 3));
      expect(of('monthly')).toEqual(expected('monthly-20261201T040000Z', 1));
      expect(sink.told).toHaveLength(18);
    });

    it('says of what is overdue which it is, since when, what the last good one was, and what to do', async () => {
      await watching();
      const last = await backup('daily', '2026-11-22T02:30:00');
      await told(TOLD_AT);
      expect(sink.events).toMatchObject([
        {
          type: 'Backup Overdue',
          detail: {
            target: TARGET,
            tier: 'daily',
            message: `There is no new daily backup of shop: the one that was due at 2026-11-23 02:30 UTC did not come. The last good one is ${last}, of 2026-11-22 02:30 UTC.`,
            hint: expect.stringContaining('backup --tier daily'),
          },
        },
      ]);
    });

    it('waits for the grace to pass', async () => {
      await watching();
      await backup('daily', '2026-11-22T02:30:00');
      expect(await told(at('2026-11-23T03:29:59'))).toEqual([]);
      expect(await told(at('2026-11-23T03:31:00'), { graceMs: 3 * HOUR_MS })).toEqual([]);
      expect(await told(TOLD_AT)).toEqual([OVERDUE]);
    });

    it('tells a target that was just set up after its first schedule, and not before', async () => {
      expect(await told(at('2026-11-22T12:00:00'))).toEqual([]);
      expect(await told(at('2026-11-23T03:29:00'))).toEqual([]);
      expect(await told(TOLD_AT)).toEqual([OVERDUE]);
      expect(sink.events[0]?.detail.message).toContain('there is no other');
      expect(await told(new Date(TOLD_AT.getTime() + HOUR_MS))).toEqual([]);
    });

    it.each(['unchanged', 'covered'])('takes a run that was skipped as %s for fresh', async (reason) => {
      await watching();
      await backup('daily', '2026-11-20T02:30:00');
      await skip('daily', at('2026-11-23T02:30:00'), reason);
      await skip('daily', at('2026-11-24T02:30:00'), 'for another reason');
      expect(await told(at('2026-11-24T03:29:00'))).toEqual([]);
      expect(await told(at('2026-11-24T03:31:00'))).toEqual(['backup-overdue/shop/daily-20261124T023000Z']);
      expect(sink.events[0]?.detail.message).toMatch(
        /The last good one is of 2026-11-23 02:30 UTC, when none was needed/,
      );
    });

    it('takes neither a skipped run of another tier nor the backup of another target for fresh', async () => {
      await watching();
      await backup('daily', '2026-11-22T02:30:00');
      await skip('snapshot', at('2026-11-23T02:30:00'), 'unchanged');
      await storeBackup(store, 'other', 'daily', at('2026-11-23T02:30:00'));
      expect(await told(TOLD_AT)).toEqual([OVERDUE]);
    });

    it('takes a backup that came late for the one that was due when its dump was taken', async () => {
      await backup('daily', '2026-11-22T02:30:00');
      const taken = '2026-11-23T02:45:00.000Z';
      const { rdb } = await manifestOf(store, await backup('daily', '2026-11-21T02:30:00'));
      await backup('daily', '2026-11-22T02:31:00', { rdb: { ...rdb, createdAt: taken }, completedAt: taken });
      expect(await told(TOLD_AT)).toEqual([]);
    });

    it.each<[string, () => Promise<unknown>]>([
      [
        'failed to load',
        async () => verified(await backup('daily', '2026-11-23T02:30:00'), '2026-11-23T02:40:00', 'failed'),
      ],
      [
        'has lost its dump',
        async () => store.delete((await manifestOf(store, await backup('daily', '2026-11-23T02:31:00'))).stored.key),
      ],
      ['is stamped years ahead', () => backup('daily', '2031-01-01T00:00:00')],
    ])('does not take for good what %s, and names the last that is', async (_, spoil) => {
      await watching();
      const good = await backup('daily', '2026-11-22T02:30:00');
      await spoil();
      expect(await told(TOLD_AT)).toEqual([OVERDUE]);
      expect(sink.events[0]?.detail.message).toContain(good);
    });

    it('reads one manifest a tier, however many there are', async () => {
      for (let day = 1; day <= 23; day++) await backup('daily', `2026-11-${String(day).padStart(2, '0')}T02:30:00`);
      const read: string[] = [];
      const counting = watched(store, async (call, key) => void (call === 'get' && read.push(key)));
      expect(await told(TOLD_AT, {}, counting)).toEqual([]);
      expect(read.filter((key) => key.endsWith('manifest.json'))).toHaveLength(1);
      expect(read).toHaveLength(2);
    });

    describe('of what it has said', () => {
      beforeEach(async () => {
        await backup('daily', '2026-11-22T02:30:00');
        await watching();
      });

      it('says nothing twice, also where two of them look at once', async () => {
        const both = await Promise.all([look(TOLD_AT), look(TOLD_AT, {}, tested.openAnother())]);
        const failures = await Promise.all(both.map(({ notices }) => tellNotices(notices, tell)));
        expect(failures.flat()).toEqual([]);
        expect(sink.told).toEqual([OVERDUE, OVERDUE]);
        expect(await told(TOLD_AT)).toEqual([]);
        await backup('daily', '2026-11-23T05:00:00');
        expect(await told(at('2026-11-23T05:01:00'))).toEqual([RECOVERED]);
        expect(await told(at('2026-11-23T05:01:00'))).toEqual([]);
      });

      it('tells the same again where it died before it could remember, and where it could not tell', async () => {
        const { notices } = await look(TOLD_AT);
        for (const { events } of notices) await sink.send(events);
        sink.isDown = true;
        const late = at('2026-11-23T20:00:00');
        const failures = await tellNotices((await look(late)).notices, tell);
        expect(failures).toMatchObject([{ target: TARGET, error: { code: 'not-delivered' } }]);
        sink.isDown = false;
        // Another one was due meanwhile.
        expect(await told(at('2026-11-24T09:00:00'))).toEqual([OVERDUE]);
        expect(sink.told).toEqual([OVERDUE, OVERDUE]);
      });

      it('changes nothing when the clock is set back', async () => {
        await told(TOLD_AT);
        expect(await told(at('2026-11-25T12:00:00'))).toEqual([`${OVERDUE}-day-2`]);
        for (const back of ['2026-11-25T03:00:00', '2026-11-24T12:30:00', '2026-11-24T04:00:00']) {
          expect(await told(at(back))).toEqual([]);
        }
        expect(await told(at('2026-11-25T13:00:00'))).toEqual([]);
        await backup('daily', '2026-11-25T14:00:00');
        expect(await told(at('2026-11-25T14:01:00'))).toEqual([RECOVERED]);
        for (const back of ['2026-11-25T03:40:00', '2026-11-24T14:10:00']) expect(await told(at(back))).toEqual([]);
      });

      it('is not silenced for years by what it said when the clock was far ahead', async () => {
        // Nobody had watched for years: only what is due from then on counts.
        expect(await told(at('2031-01-01T12:00:00'))).toEqual([]);
        const outage = 'shop/daily-20261123T023000Z';
        expect(await told(at('2026-11-22T12:00:00'))).toEqual([]);
        await store.put(alertKey(TARGET, 'daily'), alertSince('2031-01-01T02:30:00.000Z'));
        expect(await told(TOLD_AT)).toEqual([
          'backup-recovered/shop/daily-20310101T023000Z',
          `backup-overdue/${outage}`,
        ]);
      });

      it('tells the end of one outage and the beginning of the next where it saw neither', async () => {
        await told(TOLD_AT);
        await backup('daily', '2026-11-23T05:00:00');
        expect(await told(at('2026-11-24T03:31:00'))).toEqual([
          RECOVERED,
          'backup-overdue/shop/daily-20261124T023000Z',
        ]);
        expect(await told(at('2026-11-24T03:46:00'))).toEqual([]);
      });

      it.each([
        '',
        'null',
        '{"schemaVersion": 9}',
        JSON.stringify({ ...JSON.parse(text(alertSince(null))), target: 'b' }),
      ])('is loud where that says only %j, says so, and writes it anew', async (content) => {
        await store.put(alertKey(TARGET, 'daily'), new TextEncoder().encode(content));
        const { notices, failures } = await look(TOLD_AT);
        expect(failures).toMatchObject([{ target: TARGET, error: { code: 'integrity' } }]);
        expect(await tellNotices(notices, tell)).toEqual([]);
        expect(sink.told).toEqual([OVERDUE]);
        expect(await told(TOLD_AT)).toEqual([]);
      });

      it('tells nothing while that cannot be read, says so, and goes on where it was', async () => {
        const denied = watched(store, async (call, key) => {
          if (key.startsWith('alerts/')) throw new BackupError('store-unavailable', `No ${call} of ${key}.`);
        });
        for (const now of [at('2026-11-22T12:00:00'), TOLD_AT]) {
          const { notices, failures, overdue } = await look(now, {}, denied);
          expect([notices, overdue]).toEqual([[], 0]);
          expect(failures).toMatchObject([{ target: TARGET, error: { code: 'store-unavailable' } }]);
        }
        expect(await told(TOLD_AT)).toEqual([OVERDUE]);
      });

      it('replaces what is far too large to be that', async () => {
        await store.put(alertKey(TARGET, 'daily'), new Uint8Array(65 * 1024 * 1024));
        const { notices, failures } = await look(TOLD_AT);
        expect(failures).toMatchObject([{ error: { code: 'integrity' } }]);
        expect(await tellNotices(notices, tell)).toEqual([]);
        expect(sink.told).toEqual([OVERDUE]);
        expect(await told(TOLD_AT)).toEqual([]);
      });

      it('reminds daily also where that could not be understood once', async () => {
        await store.put(alertKey(TARGET, 'daily'), new TextEncoder().encode('{'));
        await tellNotices((await look(TOLD_AT)).notices, tell);
        expect(await told(at('2026-11-24T03:31:00'))).toEqual([`${OVERDUE}-day-1`]);
      });

      it('says so where it could not replace what cannot be understood', async () => {
        await store.put(alertKey(TARGET, 'daily'), new TextEncoder().encode('{'));
        const { notices } = await look(TOLD_AT);
        await store.put(alertKey(TARGET, 'daily'), new TextEncoder().encode('}'));
        expect(await tellNotices(notices, tell)).toMatchObject([{ error: { code: 'store-precondition-failed' } }]);
      });

      it('gives a second outage since the same time an id of its own, also where it died in between', async () => {
        const trialFails = async (backupId: string, time: string) => verified(backupId, time, 'failed');
        await told(TOLD_AT);
        const second = await backup('daily', '2026-11-23T05:00:00');
        expect(await told(at('2026-11-23T05:15:00'))).toEqual([RECOVERED]);
        await trialFails(second, '2026-11-23T06:00:00');
        const again = `${OVERDUE}-after-20261123T051500Z`;
        const died = await look(at('2026-11-23T06:15:00'));
        expect(died.notices.flatMap(({ events }) => events.map(({ detail }) => detail.eventId))).toEqual([again]);
        expect(await told(at('2026-11-23T06:30:00'))).toEqual([again]);
        expect(await told(at('2026-11-24T03:31:00'))).toEqual([`${again}-day-1`]);
        const third = await backup('daily', '2026-11-24T05:00:00');
        expect(await told(at('2026-11-24T05:15:00'))).toEqual([again.replace('overdue', 'recovered')]);
        await trialFails(third, '2026-11-24T06:00:00');
        expect(await told(at('2026-11-24T06:15:00'))).toEqual([`${OVERDUE}-after-20261124T051500Z`]);
      });

      it('keeps the id of an outage that began in the look that saw the end of another', async () => {
        await told(TOLD_AT);
        await backup('daily', '2026-11-23T05:00:00');
        const next = 'shop/daily-20261124T023000Z';
        expect(await told(at('2026-11-24T03:31:00'))).toEqual([RECOVERED, `backup-overdue/${next}`]);
        await backup('daily', '2026-11-24T05:00:00');
        expect(await told(at('2026-11-24T05:01:00'))).toEqual([`backup-recovered/${next}`]);
      });
    });

    describe('of another schedule', () => {
      /** Each day from 22 November on, at noon. */
      const noonOf = (day: number) => new Date(at('2026-11-22T12:00:00').getTime() + (day - 22) * DAY_MS);
      const nightly = { schedules: { daily: '0 22 * * *' } };
      beforeEach(async () => {
        await backup('daily', '2026-11-22T02:30:00');
        await watching();
      });

      it('expects nothing that was due before it was changed, and what is due afterwards', async () => {
        // 22:00 of the 22nd was due by the new one, and by the old one nothing.
        expect(await told(at('2026-11-23T01:00:00'), nightly)).toEqual([]);
        expect(await told(at('2026-11-23T03:31:00'), nightly)).toEqual([]);
        expect(await told(at('2026-11-23T23:01:00'), nightly)).toEqual(['backup-overdue/shop/daily-20261123T220000Z']);
        const zone = { ...nightly, timeZone: 'America/New_York' };
        expect(await told(at('2026-11-24T03:00:00'), zone)).toEqual([]);
        expect(await told(at('2026-11-25T04:01:00'), zone)).toEqual(['backup-overdue/shop/daily-20261125T030000Z']);
      });

      it('forgets what the old one missed, unless it came after all', async () => {
        expect(await told(TOLD_AT)).toEqual([OVERDUE]);
        expect(await look(at('2026-11-23T04:00:00'), nightly)).toMatchObject({ notices: [], overdue: 0 });
        await look(at('2026-11-23T04:01:00'));
        expect(await told(at('2026-11-24T03:31:00'))).toEqual(['backup-overdue/shop/daily-20261124T023000Z']);
        await backup('daily', '2026-11-24T05:00:00');
        expect(await told(at('2026-11-24T05:01:00'), nightly)).toEqual([
          'backup-recovered/shop/daily-20261124T023000Z',
        ]);
      });

      it('expects nothing of the time in which nobody watched, if that was more than three days', async () => {
        expect(await told(noonOf(29))).toEqual([]);
        expect(await told(at('2026-11-30T03:29:00'))).toEqual([]);
        expect(await told(at('2026-11-30T03:31:00'))).toEqual(['backup-overdue/shop/daily-20261130T023000Z']);
      });

      it('expects all of a weekend in which the watchdog was down', async () => {
        expect(await told(noonOf(24))).toEqual([OVERDUE]);
      });

      it('takes days in which nobody could be told for no gap', async () => {
        sink.isDown = true;
        for (let day = 23; day < 28; day++) await tellNotices((await look(noonOf(day))).notices, tell);
        sink.isDown = false;
        expect(await told(noonOf(28))).toEqual([OVERDUE]);
      });

      it('writes down only daily that it has looked', async () => {
        const puts: string[] = [];
        const counting = watched(store, async (call, key) => void (call === 'put' && puts.push(key)));
        await backup('daily', '2026-11-23T02:30:00');
        await backup('daily', '2026-11-24T02:30:00');
        const from = at('2026-11-22T02:46:00').getTime();
        for (let minutes = 0; minutes < 48 * 60; minutes += 15)
          expect(await told(new Date(from + minutes * MINUTE_MS), {}, counting)).toEqual([]);
        expect(puts).toEqual([alertKey(TARGET, 'daily'), alertKey(TARGET, 'daily')]);
      });
    });

    it('tells of a target that never had a backup where it cannot be known since when', async () => {
      await store.put(alertKey(TARGET, 'daily'), new TextEncoder().encode('{'));
      await tellNotices((await look(TOLD_AT)).notices, tell);
      expect(sink.told).toEqual([OVERDUE]);
    });

    describe('of runs', () => {
      const REQUESTED = at('2026-11-23T02:30:00');
      const RUN_ID = '20261123T023000Z-daily';
      const BACKUP_ID = '20261123T023000Z-shop-daily';
      const record = { schemaVersion: 1 as const, runId: RUN_ID, target: TARGET };
      const request = (verb: Requested['verb'] = 'backup') =>
        recordRequested(store, { ...record, verb, backupId: BACKUP_ID, requestedAt: REQUESTED.toISOString() });
      const start = () =>
        recordStarted(store, { ...record, startedAt: REQUESTED.toISOString(), host: 'db1', pid: 77, toolVersion: '1' });
      const toldAfter = (hours: number, through = store) =>
        told(new Date(REQUESTED.getTime() + hours * HOUR_MS), { schedules: {} }, through);
      const verdicts = async () => (await findRun(store, TARGET, RUN_ID))?.verdicts ?? [];
      const hold = (runId: string, now: Date) =>
        Lease.acquire(store, {
          target: TARGET,
          runId,
          holder: { host: 'db1', pid: 77, bootId: null, pidNamespace: null, startTicks: null },
          isDead: () => false,
          now: () => now,
        });

      it('is not overdue while it may still bring the backup that was due, and is where it cannot', async () => {
        const overdueAfter = async (hours: number, through = store) =>
          (await look(new Date(REQUESTED.getTime() + hours * HOUR_MS), {}, through)).overdue;
        await watching();
        await request();
        expect(await overdueAfter(1.1)).toBe(1);
        const lease = await hold('20261123T020000Z-weekly', new Date(REQUESTED.getTime() + 1.1 * HOUR_MS));
        expect(await overdueAfter(1.1)).toBe(0);
        await lease.release();
        await start();
        expect(await overdueAfter(1.1)).toBe(0);
        expect(await overdueAfter(6.4)).toBe(0);
        expect(await overdueAfter(6.6)).toBe(1);
        const ended = { ...record, verdict: 'failed' as const, endedAt: REQUESTED.toISOString() };
        await recordVerdict(store, { ...ended, reason: null, failure: null });
        expect(await overdueAfter(1.1)).toBe(1);
      });

      it('ends one that began and never ended, and says all that is known of it', async () => {
        await request();
        await start();
        expect(await toldAfter(6.4)).toEqual([]);
        expect(await verdicts()).toEqual([]);
        expect(await toldAfter(6.6)).toEqual([`backup-failed/shop/${RUN_ID}`]);
        const failure = { code: 'deadline', message: expect.stringMatching(/asked for at .* process 77 on db1/) };
        expect(await verdicts()).toMatchObject([{ verdict: 'failed', failure, endedAt: '2026-11-23T09:00:00.000Z' }]);
        expect(sink.events[0]?.detail).toMatchObject({ tier: 'daily', runId: RUN_ID, backupId: BACKUP_ID, failure });
        expect(await toldAfter(7)).toEqual([]);
      });

      it('ends one that never began after an hour, or later where it may be waiting for another', async () => {
        await request();
        expect(await toldAfter(0.9)).toEqual([]);
        const lease = await hold('20261123T020000Z-weekly', new Date(REQUESTED.getTime() + 2 * HOUR_MS));
        expect(await toldAfter(2)).toEqual([]);
        await lease.release();
        expect(await toldAfter(2)).toEqual([`backup-failed/shop/${RUN_ID}`]);
        expect(await verdicts()).toMatchObject([{ failure: { code: 'command-failed' } }]);
      });

      it('leaves one alone that holds the lease, however long it takes', async () => {
        await request();
        await start();
        const lease = await hold(RUN_ID, new Date(REQUESTED.getTime() + 20 * HOUR_MS));
        expect(await toldAfter(20)).toEqual([]);
        expect(await verdicts()).toEqual([]);
        await lease.release();
        expect(await toldAfter(20)).toHaveLength(1);
      });

      it('says of a restore that FalkorDB may be frozen, and how to set it free', async () => {
        await request('restore');
        await start();
        expect(await toldAfter(7)).toEqual([`restore-failed/shop/${RUN_ID}`]);
        const { hint, failure } = sink.events[0]?.detail ?? expect.unreachable();
        expect(hint).toMatch(/may be frozen.*restore --recover.*db1/);
        expect(failure).toMatchObject({ retryable: false });
      });

      it('ends a prune with its event and a plan without', async () => {
        await request('prune');
        await start();
        expect(await toldAfter(7)).toEqual([`prune-failed/shop/${RUN_ID}`]);
        const plan = { ...record, runId: '20261123T023000Z-plan', verb: 'plan' as const, backupId: null };
        await recordRequested(store, { ...plan, requestedAt: REQUESTED.toISOString() });
        expect(await toldAfter(7)).toEqual([]);
        expect((await findRun(store, TARGET, plan.runId))?.verdicts).toMatchObject([{ verdict: 'failed' }]);
      });

      it('knows that one whose backup exists has completed', async () => {
        await request();
        await start();
        await storeBackup(store, TARGET, 'daily', REQUESTED, {}, { withRecords: false });
        expect(await toldAfter(7)).toEqual([]);
        expect(await verdicts()).toMatchObject([{ verdict: 'completed' }]);
      });

      it('leaves the verdict to a run that gives it at the last moment', async () => {
        await request();
        await start();
        const { notices } = await look(new Date(REQUESTED.getTime() + 7 * HOUR_MS), { schedules: {} });
        const own = { ...record, verdict: 'completed' as const, endedAt: REQUESTED.toISOString() };
        await recordVerdict(store, { ...own, reason: null, failure: null });
        expect(await tellNotices(notices, tell)).toEqual([]);
        expect(await verdicts()).toMatchObject([{ verdict: 'completed' }]);
      });

      it('gives one verdict where two of them look at once, a little apart', async () => {
        await request();
        await start();
        const times = [7, 7.001].map((hours) => new Date(REQUESTED.getTime() + hours * HOUR_MS));
        const both = await Promise.all(times.map((now) => look(now, { schedules: {} })));
        const failures = await Promise.all(both.map(({ notices }) => tellNotices(notices, tell)));
        expect(failures.flat()).toEqual([]);
        expect(new Set(sink.told).size).toBe(1);
        expect(await verdicts()).toHaveLength(1);
      });

      it('tells all the rest where the lease of one target cannot be read', async () => {
        await request();
        await store.put(leaseKey(TARGET), new TextEncoder().encode('{'));
        await storeBackup(store, 'b', 'daily', at('2026-11-22T02:30:00'));
        await watching(['b']);
        const { notices, failures } = await look(at('2026-11-23T06:00:00'), { targets: [TARGET, 'b'] });
        expect(failures).toMatchObject([{ target: TARGET, error: { code: 'integrity' } }]);
        expect(notices.map(({ target }) => target)).toEqual(['b']);
      });
    });

    describe('of verifications', () => {
      const promise = { schedules: {}, promisedVerificationDays: 7 };
      const onDay = (day: number, hour = 12) =>
        told(new Date(at('2026-11-01T00:00:00').getTime() + day * DAY_MS + hour * HOUR_MS), promise);

      it('tells that none was made for too long, reminds, and tells when there is one again', async () => {
        const first = await backup('daily', '2026-11-01T00:00:00');
        expect(await onDay(6)).toEqual([]);
        expect(await onDay(7)).toEqual(['verification-overdue/shop/verification-20261108T000000Z']);
        expect(sink.events[0]?.detail.message).toContain('was ever proved');
        expect(await onDay(8)).toEqual(['verification-overdue/shop/verification-20261108T000000Z-day-1']);
        await verified(first, '2026-11-09T20:00:00', 'failed');
        expect(await onDay(8, 23)).toEqual([]);
        await verified(first, '2026-11-09T22:00:00');
        expect(await onDay(8, 23)).toEqual(['verification-recovered/shop/verification-20261108T000000Z']);
        expect(await onDay(8, 23)).toEqual([]);
        expect(await onDay(15, 21)).toEqual([]);
        expect(await onDay(16)).toEqual(['verification-overdue/shop/verification-20261116T220000Z']);
      });

      it('remembers one whose backup is gone', async () => {
        const first = await backup('daily', '2026-11-01T00:00:00');
        await backup('daily', '2026-11-02T00:00:00');
        await verified(first, '2026-11-06T00:00:00');
        expect(await onDay(6)).toEqual([]);
        for (const key of await keysOf(store, `daily/${TARGET}/${first}/`)) await store.delete(key);
        expect(await onDay(11)).toEqual([]);
        expect(await onDay(12)).toHaveLength(1);
      });

      it('lists them daily while the known one is young enough, and knows a newer one by then', async () => {
        const first = await backup('daily', '2026-11-01T00:00:00');
        const lists: string[] = [];
        const counting = watched(store, async (call, key) => void (call === 'list' && lists.push(key)));
        const now = (day: number, hour: number) =>
          new Date(at('2026-11-01T00:00:00').getTime() + (day * 24 + hour) * HOUR_MS);
        const listsOf = async (time: Date) => {
          lists.length = 0;
          expect(await told(time, promise, counting)).toEqual([]);
          return lists.filter((key) => key.startsWith('daily/')).length;
        };
        await verified(first, '2026-11-02T00:00:00');
        expect(await listsOf(now(1, 12))).toBe(1);
        expect(await listsOf(now(1, 13))).toBe(0);
        await verified(first, '2026-11-02T14:00:00');
        expect(await listsOf(now(2, 13))).toBe(1);
        for (const key of await keysOf(store, `daily/${TARGET}/${first}/`)) await store.delete(key);
        expect(await listsOf(now(8, 13))).toBe(1);
        expect(await told(now(8, 15), promise)).toEqual(['verification-overdue/shop/verification-20261109T140000Z']);
      });

      it('is not put off by backups that come and go', async () => {
        const first = await backup('daily', '2026-11-01T00:00:00');
        expect(await onDay(0)).toEqual([]);
        for (const key of await keysOf(store, `daily/${TARGET}/${first}/`)) await store.delete(key);
        await backup('daily', '2026-11-07T00:00:00');
        expect(await onDay(8)).toEqual(['verification-overdue/shop/verification-20261108T120000Z']);
      });

      it('says nothing where there is no backup, or nothing was promised', async () => {
        expect(await onDay(20)).toEqual([]);
        await backup('daily', '2026-11-01T00:00:00');
        expect(await told(at('2026-11-20T00:00:00'), { schedules: {} })).toEqual([]);
      });
    });

    it('refuses what is no schedule', async () => {
      for (const more of [{ schedules: { daily: 'every day' } }, { timeZone: 'Mars/Olympus' }]) {
        await expect(look(TOLD_AT, more)).rejects.toMatchObject({ code: 'invalid-settings' });
      }
    });
  });
}

function daysFrom(first: Date, end: Date): Date[] {
  const count = (end.getTime() - first.getTime()) / DAY_MS;
  return Array.from({ length: count }, (_, index) => new Date(first.getTime() + index * DAY_MS));
}

function partsOf(backupId: string) {
  return parseBackupId(backupId) ?? expect.unreachable();
}

async function manifestOf(store: ObjectStore, backupId: string) {
  return (await findManifest(store, partsOf(backupId))) ?? expect.unreachable();
}

function alertSince(since: string | null): Uint8Array {
  const overdue = since && { since, reminders: 0 };
  const watchedSince = '2026-11-01T00:00:00.000Z';
  return encodeJson({ schemaVersion: 1, target: TARGET, subject: 'daily', watchedSince, verifiedAt: null, overdue });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
