import pLimit from 'p-limit';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Bulletin } from '../../../../agent/service/bulletin.ts';
import { JOBS_OF_THE_AGENT } from '../../../../agent/service/jobs.ts';
import { TargetWorker } from '../../../../agent/service/target-worker.ts';
import { configOf } from '../../../support/backups.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };

it('backups that are asked for within one second are not one', async () => {
  const clock = new SimulatedClock('2026-11-22T02:30:00.100Z');
  const [store, log] = [new MemoryStore(), pino({ level: 'silent' })];
  const worker = new TargetWorker({
    target: { name: 'shop', store, sinks: [], config: { ...configOf(NOWHERE, store), target: 'shop' } },
    jobs: {
      ...JOBS_OF_THE_AGENT,
      backup: async () => ({ outcome: 'completed', message: '', hint: null, isWorthARetry: false }),
    },
    clock,
    log,
    bulletin: new Bulletin(log),
    limit: pLimit(1),
    random: () => 0.5,
    closing: new AbortController().signal,
    ending: new AbortController().signal,
  });
  const ids: string[] = [];
  for (let asked = 0; asked < 3; asked++) {
    ids.push(worker.backUpNow().backupId);
    await worker.idle();
  }
  expect(ids).toEqual(['00', '01', '02'].map((second) => `20261122T0230${second}Z-shop-manual`));
});
