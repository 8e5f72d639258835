import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Service } from '../../../../agent/service/port.ts';
import { healthOf } from '../../../../agent/web/health.ts';
import { StoreLook } from '../../../../agent/web/store-look.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { ServedTargets } from '../../../support/served-targets.ts';

const NOW = new Date('2026-11-23T10:00:00Z');
const HOUR_MS = 3_600_000;

test('a look at a store grows old also while the clock is set back', async () => {
  let now = NOW;
  const look = new StoreLook(new MemoryStore().url, () => now);
  expect(look.isUpSince(HOUR_MS)).toBe(false);
  await look.noting(async () => {});
  now = new Date(NOW.getTime() - HOUR_MS);
  expect(look.isUpSince(HOUR_MS)).toBe(true);
  await setTimeout(20);
  expect(look.isUpSince(10)).toBe(false);
});

test.each([
  [0, 'ok'],
  [179_000, 'ok'],
  [181_000, 'unavailable'],
  // The clock was set back, and nothing has looked since.
  [-HOUR_MS, 'unavailable'],
])('a service whose clock last looked %i ms ago is %s', (ago, status) => {
  const service: Service = Object.assign(new ServedTargets([]), {
    lastLookAt: () => new Date(NOW.getTime() - ago),
  });
  expect(healthOf(service, NOW).status).toBe(status);
});
