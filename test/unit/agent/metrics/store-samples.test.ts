import { beforeEach, describe, expect, it } from 'vitest';
import type { MetricName } from '../../../../agent/metrics/definitions.ts';
import { readStoreFacts } from '../../../../agent/metrics/store-facts.ts';
import { storeSamples } from '../../../../agent/metrics/store-samples.ts';
import { Lease } from '../../../../core/catalog/lease.ts';
import { newestGood } from '../../../../core/catalog/newest-good.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../../../core/catalog/runs.ts';
import { recordVerification } from '../../../../core/catalog/verifications.ts';
import { formatBackupId, parseBackupId } from '../../../../core/model/backup-id.ts';
import { BackupError } from '../../../../core/model/errors.ts';
import type { Requested, Verdict } from '../../../../core/model/run-record.ts';
import { TIERS, type Tier } from '../../../../core/model/tiers.ts';
import { toCompactTimestamp } from '../../../../core/model/timestamp.ts';
import type { VerificationOutcome } from '../../../../core/model/verification.ts';
import { EXAMPLE_GRAPH, exampleManifest } from '../../../support/example-manifest.ts';
import { exampleVerification } from '../../../support/example-verification.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { storeBackup } from '../../../support/stored-backups.ts';

const TARGET = 'shop';
const NOW = new Date('2026-11-22T12:00:00Z');
const at = (time: string) => new Date(`2026-11-${time}Z`);
const seconds = (time: string) => at(time).getTime() / 1000;

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

interface RunFacts {
  verb?: Requested['verb'];
  tier?: Tier;
  verdict?: Verdict['verdict'];
  reason?: string;
  started?: boolean;
}

/** As the agent records it. */
async function run(time: string, { verb = 'backup', tier, verdict, reason, started = true }: RunFacts): Promise<void> {
  const runId = `${toCompactTimestamp(at(time))}-run-${verb}`;
  const common = { schemaVersion: 1 as const, runId, target: TARGET };
  const backupId = tier ? formatBackupId({ target: TARGET, tier, scheduledFor: at(time) }) : null;
  await recordRequested(store, { ...common, verb, backupId, requestedAt: at(time).toISOString() });
  const worker = { host: 'db-1', pid: 1, toolVersion: '0.1.0' };
  if (started) await recordStarted(store, { ...common, startedAt: at(time).toISOString(), ...worker });
  if (!verdict) return;
  const failure = { code: 'database-unreachable', message: 'Gone.', hint: null, retryable: true };
  const endedAt = new Date(at(time).getTime() + 60_000).toISOString();
  const end = { verdict, endedAt, reason: reason ?? null, failure: verdict === 'failed' ? failure : null };
  await recordVerdict(store, { ...common, ...end });
}

async function verification(backupId: string, time: string, outcome: VerificationOutcome): Promise<void> {
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error(`${backupId} is no backup id`);
  const verifiedAt = at(time).toISOString();
  await recordVerification(store, parts, exampleVerification({ backupId, verifiedAt, outcome }));
}

/** Of the metric, by its labels other than the target: `daily`, `backup/failed`. */
async function valuesOf(name: MetricName): Promise<Record<string, number>> {
  const samples = storeSamples(await readStoreFacts(store, TARGET, NOW));
  const own = samples.filter((sample) => sample.name === name);
  for (const { labels } of own) expect(labels.target).toBe(TARGET);
  return Object.fromEntries(
    own.map(({ labels: { target: _, ...labels }, value }) => [Object.values(labels).filter(Boolean).join('/'), value]),
  );
}

const never = Object.fromEntries(TIERS.map((tier) => [tier, 0]));

describe('the metrics of backups', () => {
  it('are those of the newest one of each tier', async () => {
    const timings = { saveSeconds: 1, transferSeconds: 2, totalSeconds: 61.5 };
    await storeBackup(store, TARGET, 'daily', at('20T02:30:00'));
    const graphs = [EXAMPLE_GRAPH, { ...EXAMPLE_GRAPH, name: 'other', nodes: 7, edges: 8 }];
    await storeBackup(store, TARGET, 'daily', at('21T02:30:00'), { timings, graphs });
    await storeBackup(store, TARGET, 'manual', at('21T09:00:00'));
    await storeBackup(store, 'other', 'daily', at('22T02:30:00'));
    const times = { ...never, daily: seconds('21T02:30:00'), manual: seconds('21T09:00:00') };
    expect(await valuesOf('falkordb_backup_last_success_timestamp_seconds')).toEqual(times);
    expect(await valuesOf('falkordb_backup_last_fresh_timestamp_seconds')).toEqual(times);
    expect(await valuesOf('falkordb_backup_last_duration_seconds')).toEqual({ daily: 61.5, manual: 4 });
    expect(await valuesOf('falkordb_backup_last_rdb_bytes')).toEqual({ daily: 123_456, manual: 123_456 });
    expect(await valuesOf('falkordb_backup_last_stored_bytes')).toEqual({ daily: 1, manual: 1 });
    expect(await valuesOf('falkordb_backup_last_graphs')).toEqual({ daily: 2, manual: 1 });
    expect(await valuesOf('falkordb_backup_last_nodes')).toEqual({ daily: 1207, manual: 1200 });
    expect(await valuesOf('falkordb_backup_last_edges')).toEqual({ daily: 3408, manual: 3400 });
    expect(await valuesOf('falkordb_backup_source_info')).toEqual({ 'bgsave/4.16.3/8.2.3': 1 });
  });

  it('are 0 and nothing else where there is none', async () => {
    expect(await valuesOf('falkordb_backup_last_success_timestamp_seconds')).toEqual(never);
    expect(await valuesOf('falkordb_backup_last_fresh_timestamp_seconds')).toEqual(never);
    expect(await valuesOf('falkordb_backup_last_nodes')).toEqual({});
    expect(await valuesOf('falkordb_backup_source_info')).toEqual({});
    expect(await valuesOf('falkordb_backup_store_up')).toEqual({ '': 1 });
  });
});

describe('a tier is as fresh as the watchdog takes it', () => {
  const OLD = '20T02:30:00';
  const NEW = '21T02:30:00';
  const scenes: [string, () => Promise<unknown>, { success: string | null; fresh: string | null }][] = [
    ['with a backup', async () => {}, { success: NEW, fresh: NEW }],
    ['with a late one', () => late(), { success: '22T05:00:00', fresh: '22T05:00:00' }],
    ['after a skip', () => skip('22T02:30:00', 'unchanged'), { success: NEW, fresh: '22T02:31:00' }],
    ['after a covered one', () => skip('22T02:30:00', 'covered'), { success: NEW, fresh: '22T02:31:00' }],
    ['after another skip', () => skip('22T02:30:00', 'busy'), { success: NEW, fresh: NEW }],
    ['with a skip before the backup', () => skip('20T12:00:00', 'unchanged'), { success: NEW, fresh: NEW }],
    ['after a skip by a wrong clock', () => skip('25T02:30:00', 'unchanged'), { success: NEW, fresh: NEW }],
    ['after a failure', () => run('22T02:30:00', { tier: 'daily', verdict: 'failed' }), { success: NEW, fresh: NEW }],
    ['with one that failed its trial', () => spoil('failed'), { success: OLD, fresh: OLD }],
    ['with one that is proved', () => spoil('loaded'), { success: NEW, fresh: NEW }],
    ['with one whose dump is gone', () => lose(NEW), { success: OLD, fresh: OLD }],
    ['with none that is whole', () => Promise.all([lose(OLD), lose(NEW)]), { success: null, fresh: null }],
    [
      'with one by a wrong clock',
      () => storeBackup(store, TARGET, 'daily', at('25T02:30:00')),
      { success: NEW, fresh: NEW },
    ],
  ];
  const skip = (time: string, reason: string) => run(time, { tier: 'daily', verdict: 'skipped', reason });
  const spoil = (outcome: VerificationOutcome) =>
    verification(formatBackupId({ target: TARGET, tier: 'daily', scheduledFor: at(NEW) }), '21T04:00:00', outcome);
  const lose = async (time: string) =>
    store.delete(exampleManifest({ target: TARGET, tier: 'daily', scheduledFor: at(time).toISOString() }).stored.key);
  const late = () => {
    const { rdb } = exampleManifest({ createdAt: at('22T05:00:00').toISOString() });
    return storeBackup(store, TARGET, 'daily', at('22T02:30:00'), {
      rdb,
      completedAt: at('22T05:01:00').toISOString(),
    });
  };

  it.each(scenes)('%s', async (_, set, { success, fresh }) => {
    await storeBackup(store, TARGET, 'daily', at(OLD));
    await storeBackup(store, TARGET, 'daily', at(NEW));
    await set();
    const toValue = (time: string | null) => (time === null ? 0 : seconds(time));
    expect((await valuesOf('falkordb_backup_last_success_timestamp_seconds')).daily).toBe(toValue(success));
    const { daily } = await valuesOf('falkordb_backup_last_fresh_timestamp_seconds');
    expect(daily).toBe(toValue(fresh));
    const watched = await newestGood(store, { target: TARGET, tier: 'daily', enoughAt: NOW, now: NOW });
    expect(daily).toBe((watched?.at.getTime() ?? 0) / 1000);
  });
});

describe('the metrics of runs', () => {
  it('count those of the last 31 days by how they stand', async () => {
    await run('21T01:00:00', { tier: 'daily', verdict: 'completed' });
    await run('21T02:00:00', { tier: 'snapshot', verdict: 'skipped', reason: 'unchanged' });
    await run('21T03:00:00', { tier: 'snapshot', verdict: 'failed' });
    await run('21T04:00:00', { tier: 'weekly' });
    await run('21T05:00:00', { tier: 'weekly', started: false });
    await run('21T06:00:00', { verb: 'restore', verdict: 'failed' });
    await run('21T07:00:00', { verb: 'prune', verdict: 'completed' });
    await run('21T08:00:00', { verb: 'plan', verdict: 'failed' });
    const zero = { requested: 0, running: 0, completed: 0, skipped: 0, failed: 0 };
    const expected = {
      backup: { requested: 1, running: 1, completed: 1, skipped: 1, failed: 1 },
      restore: { ...zero, failed: 1 },
      prune: { ...zero, completed: 1 },
    };
    const flat = Object.entries(expected).flatMap(([verb, counts]) =>
      Object.entries(counts).map(([outcome, count]) => [`${verb}/${outcome}`, count]),
    );
    expect(await valuesOf('falkordb_backup_runs')).toEqual(Object.fromEntries(flat));
  });

  it('leave out those of more than 31 days ago', async () => {
    const asked = { tier: 'daily' as const, verdict: 'failed' as const };
    await run('22T11:00:00', asked);
    const later = new Date('2026-12-23T10:59:00Z');
    const countAt = async (now: Date) => {
      const samples = storeSamples(await readStoreFacts(store, TARGET, now));
      return samples.find(({ name, labels }) => name === 'falkordb_backup_runs' && labels.outcome === 'failed')?.value;
    };
    expect(await countAt(later)).toBe(1);
    expect(await countAt(new Date(later.getTime() + 120_000))).toBe(0);
  });

  it.each<[string, (Verdict['verdict'] | undefined)[], { failed: number; inARow: number }]>([
    ['none', [], { failed: 0, inARow: 0 }],
    ['a good one after a bad one', ['failed', 'completed'], { failed: 0, inARow: 0 }],
    ['bad ones after a good one', ['failed', 'completed', 'failed', 'failed'], { failed: 1, inARow: 2 }],
    ['bad ones alone', ['failed', 'failed', 'failed'], { failed: 1, inARow: 3 }],
    ['one that is not needed', ['failed', 'skipped'], { failed: 0, inARow: 0 }],
    ['one that runs after a bad one', ['failed', undefined], { failed: 1, inARow: 1 }],
  ])('say how the last one went: %s', async (_, verdicts, { failed, inARow }) => {
    for (const [hour, verdict] of verdicts.entries())
      await run(`21T0${hour}:00:00`, { tier: 'daily', ...(verdict ? { verdict } : {}) });
    await run('21T12:00:00', { tier: 'snapshot', verdict: 'failed' });
    await run('21T13:00:00', { verb: 'restore', verdict: 'failed' });
    const ended = await valuesOf('falkordb_backup_last_run_failed');
    expect(ended).toMatchObject({
      'backup/daily': failed,
      'backup/snapshot': 1,
      'backup/manual': 0,
      restore: 1,
      prune: 0,
    });
    const streaks = await valuesOf('falkordb_backup_consecutive_failures');
    expect(streaks).toMatchObject({ 'backup/daily': inARow, 'backup/snapshot': 1, restore: 1, prune: 0 });
    const times = await valuesOf('falkordb_backup_last_run_timestamp_seconds');
    const last = verdicts.findLastIndex((verdict) => verdict !== undefined);
    expect(times['backup/daily']).toBe(last === -1 ? undefined : seconds(`21T0${last}:01:00`));
    expect(times['backup/snapshot']).toBe(seconds('21T12:01:00'));
  });

  it('take a run that was given up and made its backup for a good one', async () => {
    const runId = `${toCompactTimestamp(at('21T02:30:00'))}-run-backup`;
    await run('20T02:30:00', { tier: 'daily', verdict: 'failed' });
    await run('21T02:30:00', { tier: 'daily', verdict: 'failed' });
    await storeBackup(store, TARGET, 'daily', at('21T02:30:00'), { runId }, { withRecords: false });
    expect((await valuesOf('falkordb_backup_last_run_failed'))['backup/daily']).toBe(0);
    expect((await valuesOf('falkordb_backup_runs'))['backup/completed']).toBe(1);
  });
});

describe('the metrics of verifications', () => {
  const metrics = async () => ({
    last: await valuesOf('falkordb_backup_last_verification_timestamp_seconds'),
    proved: await valuesOf('falkordb_backup_last_proved_timestamp_seconds'),
    failed: await valuesOf('falkordb_backup_last_verification_failed'),
  });

  it('are 0 where there is none', async () => {
    await storeBackup(store, TARGET, 'daily', at('21T02:30:00'));
    expect(await metrics()).toEqual({ last: { '': 0 }, proved: { '': 0 }, failed: { '': 0 } });
  });

  it('tell the last one, of whatever backup, and the last good one', async () => {
    const monthly = await storeBackup(store, TARGET, 'monthly', at('01T04:00:00'));
    const daily = await storeBackup(store, TARGET, 'daily', at('21T02:30:00'));
    const other = await storeBackup(store, 'other', 'daily', at('21T02:30:00'));
    await verification(monthly, '21T05:00:00', 'loaded');
    await verification(daily, '21T06:00:00', 'failed');
    await verification(other, '22T07:00:00', 'loaded');
    // By a wrong clock.
    await verification(monthly, '25T05:00:00', 'loaded');
    const proved = { '': seconds('21T05:00:00') };
    expect(await metrics()).toEqual({ last: { '': seconds('21T06:00:00') }, proved, failed: { '': 1 } });
    await verification(daily, '21T08:00:00', 'loaded');
    const both = { '': seconds('21T08:00:00') };
    expect(await metrics()).toEqual({ last: both, proved: both, failed: { '': 0 } });
  });
});

describe('a target is first seen', () => {
  const first = async () => (await valuesOf('falkordb_backup_first_seen_timestamp_seconds'))[''];

  it('now where nothing is there', async () => {
    await storeBackup(store, 'other', 'daily', at('01T02:30:00'));
    expect(await first()).toBe(NOW.getTime() / 1000);
  });

  it('by its first run, however that went', async () => {
    await run('20T02:30:00', { tier: 'daily', verdict: 'failed' });
    await run('21T02:30:00', { tier: 'daily', verdict: 'failed' });
    expect(await first()).toBe(seconds('20T02:30:00'));
  });

  it('by its oldest backup where the records of the runs are gone, as far as listing tells', async () => {
    await run('20T02:30:00', { tier: 'daily', verdict: 'failed' });
    await storeBackup(store, TARGET, 'daily', at('21T02:30:00'));
    await storeBackup(store, TARGET, 'monthly', at('01T04:00:00'), {}, { withRecords: false });
    await storeBackup(store, TARGET, 'weekly', new Date('2026-03-01T04:00:00Z'), {}, { withRecords: false });
    expect(await first()).toBe(Date.parse('2026-03-01T04:00:00Z') / 1000);
  });
});

describe('the metrics of the store', () => {
  it('are all that it holds, or what of it may be seen', async () => {
    await storeBackup(store, TARGET, 'daily', at('21T02:30:00'));
    await storeBackup(store, 'other', 'daily', at('21T02:30:00'));
    const all = await valuesOf('falkordb_backup_store_objects');
    expect(all).toEqual({ store: 10 });
    expect((await valuesOf('falkordb_backup_store_bytes')).store).toBeGreaterThan(1000);
    const list = store.list.bind(store);
    store.list = (prefix, options) => {
      if (prefix === '') throw new BackupError('store-denied', 'No.');
      return list(prefix, options);
    };
    expect(await valuesOf('falkordb_backup_store_objects')).toEqual({ target: 5 });
  });

  it('tell whether a run is at work', async () => {
    expect(await valuesOf('falkordb_backup_lease_held')).toEqual({ '': 0 });
    const holder = { host: 'db-1', pid: 1, bootId: null, pidNamespace: null, startTicks: null };
    const request = { target: TARGET, runId: '20261122T115900Z-run', holder, isDead: () => false, now: () => NOW };
    const lease = await Lease.acquire(store, request);
    expect(await valuesOf('falkordb_backup_lease_held')).toEqual({ '': 1 });
    await lease.release();
    expect(await valuesOf('falkordb_backup_lease_held')).toEqual({ '': 0 });
  });

  it('ask for as much however many backups there are', async () => {
    const requests = async () => {
      store.calls.length = 0;
      await readStoreFacts(store, TARGET, NOW);
      return store.calls.length;
    };
    await storeBackup(store, TARGET, 'daily', at('20T02:30:00'));
    const withOne = await requests();
    for (let hour = 0; hour < 10; hour++) {
      await storeBackup(store, TARGET, 'daily', at(`21T0${hour}:30:00`), {}, { withRecords: false });
    }
    expect(await requests()).toBe(withOne);
    expect(withOne).toBeLessThan(40);
  });
});
