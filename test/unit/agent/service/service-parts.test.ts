import { hostname } from 'node:os';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Bulletin } from '../../../../agent/service/bulletin.ts';
import { goneRunNotices } from '../../../../agent/service/gone-runs.ts';
import { JOBS_OF_THE_AGENT } from '../../../../agent/service/jobs.ts';
import { ServiceMetrics } from '../../../../agent/service/metrics.ts';
import { OnceADay } from '../../../../agent/service/once-a-day.ts';
import type { Change, ServedTarget, Service } from '../../../../agent/service/port.ts';
import { recordRequested, recordStarted } from '../../../../core/catalog/runs.ts';
import { backupEvent } from '../../../../core/model/events.ts';
import { configOf } from '../../../support/backups.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';

const log = pino({ level: 'silent' });
const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };
const at = (text: string) => new Date(`${text}Z`);

function served(store: MemoryStore): ServedTarget {
  return { name: 'shop', store, sinks: [], config: { ...configOf(NOWHERE, store), target: 'shop' } };
}

it('a prune that is tried again later is not held up by the age of its own record', async () => {
  const store = new MemoryStore();
  const prune = (now: Date) => {
    store.now = () => now;
    const signal = new AbortController().signal;
    const deps = { ...served(store), now: () => now, log, onProgress: () => {}, signal };
    return JOBS_OF_THE_AGENT.prune('20261122T053000Z-prune', deps);
  };
  expect(await prune(at('2026-11-22T05:30:00'))).toMatchObject({ outcome: 'completed' });
  expect(await prune(at('2026-11-22T05:50:00'))).toMatchObject({ outcome: 'completed' });
});

it('a run whose process is gone gets its verdict, unless its lease is held by somebody', async () => {
  const store = new MemoryStore();
  const run = { schemaVersion: 1 as const, runId: '20261122T023000Z-daily', target: 'shop' };
  const backupId = '20261122T023000Z-shop-daily';
  const [begunAt, since] = ['2026-11-22T02:30:00.000Z', at('2026-11-22T02:31:00')];
  await recordRequested(store, { ...run, verb: 'backup', backupId, requestedAt: begunAt });
  // Of this very process, as that of a container has it that was started again.
  await recordStarted(store, { ...run, startedAt: begunAt, host: hostname(), pid: process.pid, toolVersion: '1' });
  const notices = (holding?: string) => goneRunNotices(store, 'shop', { since, now: since, holding });
  expect(await notices(run.runId)).toEqual([]);
  expect(await notices('20261122T040000Z-snapshot')).toMatchObject([{ events: [{ type: 'Backup Failed' }] }]);
});

it('what is tried again and again is told once a day, and again where it did not arrive', async () => {
  let now = at('2026-11-22T00:00:00');
  const sink = new RecordingSink();
  const daily = new OnceADay(sink, () => now);
  const event = backupEvent('Restore Failed', 'r', { at: now.toISOString(), target: 'shop', message: 'It failed.' });
  sink.isDown = true;
  await expect(daily.send([event])).rejects.toMatchObject({ code: 'not-delivered' });
  sink.isDown = false;
  for (const time of ['00:01', '00:02', '23:59']) {
    now = at(`2026-11-22T${time}:00`);
    await daily.send([event]);
  }
  expect(sink.told).toHaveLength(1);
  now = at('2026-11-23T00:02:00');
  await daily.send([event]);
  expect(sink.told).toHaveLength(2);
});

describe('who looks on', () => {
  const ended: Change = {
    type: 'ended',
    ended: { kind: 'prune', target: 'shop', runId: 'r', backupId: null, outcome: 'completed', message: '', hint: null },
  };

  it('and fails keeps neither the run nor the others from going on', () => {
    const bulletin = new Bulletin(log);
    const seen: Change[] = [];
    bulletin.subscribe(() => {
      throw new Error('a fault of the page');
    });
    bulletin.subscribe((change) => void seen.push(change));
    bulletin.publish(ended);
    expect(seen).toEqual([ended]);
  });

  it('asks a store that hangs for its metrics once, however often they are scraped', { timeout: 60_000 }, async () => {
    const store = new MemoryStore();
    let reads = 0;
    store.list = () => ({
      [Symbol.asyncIterator]: () => {
        reads += 1;
        return { next: () => new Promise<never>(() => {}) };
      },
    });
    const service = { targets: [served(store)], subscribe: () => () => {}, nextDue: () => null };
    const metrics = new ServiceMetrics(service as unknown as Service, () => at('2026-11-22T00:00:00'));
    const texts = await Promise.all([metrics.text(), metrics.text()]);
    const before = reads;
    texts.push(await metrics.text());
    for (const text of texts) expect(text).toContain('falkordb_backup_store_up{target="shop"} 0');
    expect(reads).toBe(before);
  });
});
