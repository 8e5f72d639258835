import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  FROZEN_LOOKS,
  isFrozen,
  type ProcessLook,
  parseProcessStat,
} from '../../../../agent/falkordb/frozen-server.ts';

const AFTER_NAME = 'S 16020 16021 16021 0 -1 4194560 1841 0 1 0 30 12 7 9 20 0 12 0 2323886 238276608 5070';

describe('what /proc tells of a process', () => {
  it.each(['redis-server', 'ld-linux-x86-64', 'a b', '(', ')', ') R 1 2 (', 'a\nb) Z'])(
    'is read: called %j',
    (name) => {
      expect(parseProcessStat(`16021 (${name}) ${AFTER_NAME}\n`)).toEqual({ state: 'S', cpuTicks: 42 });
    },
  );

  it.each(['', '16021', '16021 (redis-server)', '16021 (redis-server) S 1 2', 'no stat at all'])(
    'is not guessed from %j',
    (stat) => {
      expect(parseProcessStat(stat)).toBeUndefined();
    },
  );

  it.runIf(process.platform === 'linux')('is read of this process', () => {
    const look = parseProcessStat(readFileSync(`/proc/${process.pid}/stat`, 'utf8'));
    expect(look?.state).toMatch(/^[RS]$/);
    const { user, system } = process.cpuUsage();
    const usedTicks = (user + system) / 10_000;
    expect(look?.cpuTicks).toBeGreaterThan(usedTicks * 0.5);
    expect(look?.cpuTicks).toBeLessThanOrEqual(usedTicks + 1);
  });
});

const asleep: ProcessLook = { state: 'S', cpuTicks: 100 };
const ENOUGH = FROZEN_LOOKS + 1;

/** All asleep but the one at `index`. */
function looksWith(index: number, other: ProcessLook | undefined): (ProcessLook | undefined)[] {
  return Array.from({ length: ENOUGH }, (_, at) => (at === index ? other : asleep));
}

describe('a server', () => {
  it.each(['S', 'T'])('is frozen where every look finds it still (%s), and not before', (state) => {
    const still = { ...asleep, state };
    expect(isFrozen(Array<ProcessLook>(ENOUGH).fill(still))).toBe(true);
    expect(isFrozen(Array<ProcessLook>(ENOUGH - 1).fill(still))).toBe(false);
    expect(isFrozen([])).toBe(false);
  });

  it.each(['R', 'D', 't', 'Z', 'X'])('is not where one look found it in state %s', (state) => {
    for (const index of [0, 7, ENOUGH - 1]) expect(isFrozen(looksWith(index, { ...asleep, state }))).toBe(false);
  });

  it('is not where one look found nothing', () => {
    for (const index of [0, 7, ENOUGH - 1]) expect(isFrozen(looksWith(index, undefined))).toBe(false);
  });

  it('is not where it used the CPU between the looks, more than by a trace', () => {
    const last = ENOUGH - 1;
    expect(isFrozen(looksWith(last, { state: 'S', cpuTicks: 102 }))).toBe(true);
    expect(isFrozen(looksWith(last, { state: 'S', cpuTicks: 103 }))).toBe(false);
  });
});
