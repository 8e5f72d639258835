import { describe, expect, it } from 'vitest';
import { type MemoryFacts, memoryFindings } from '../../../../../agent/falkordb/restore-checks/memory-room.ts';

const MIB = 1024 * 1024;
const BARE = 2_500_000;

function findings(facts: Partial<MemoryFacts>) {
  return memoryFindings('redis://server:6379', 'the-backup', {
    backupBytes: 400 * MIB + BARE,
    usedBytes: 500 * MIB,
    maxMemoryBytes: 0,
    maxMemoryPolicy: 'noeviction',
    systemBytes: 2000 * MIB,
    limitBytes: Number.POSITIVE_INFINITY,
    ...facts,
  });
}

const NOTHING = { refusals: [], notes: [] };

describe('old and new data side by side', () => {
  it.each([
    ['the host', { systemBytes: 900 * MIB }],
    ['the container', { limitBytes: 900 * MIB }],
    ['a server that holds less than nothing', { backupBytes: 0, usedBytes: MIB, systemBytes: MIB }],
    ['a host that does not tell', { systemBytes: 0 }],
  ])('fit exactly into %s', (_, facts) => {
    expect(findings(facts)).toEqual(NOTHING);
  });

  it.each([
    ['host', { systemBytes: 900 * MIB - 1 }],
    ['container', { limitBytes: 900 * MIB - 1 }],
    ['container', { limitBytes: 800 * MIB, systemBytes: 850 * MIB }],
    ['host', { limitBytes: undefined, systemBytes: 800 * MIB }],
  ])('are too much for the %s: %o', (which, facts) => {
    expect(findings(facts)).toMatchObject({
      refusals: [
        {
          code: 'no-room',
          message: expect.stringMatching(
            new RegExp(`need 900 MiB.* 400 MiB for the-backup.* 500 MiB; its ${which} has [89]00`),
          ),
          hint: expect.stringContaining('fetch the file'),
        },
      ],
      notes: [],
    });
  });

  it('are noted where a container may limit them', () => {
    expect(findings({ limitBytes: undefined })).toEqual({
      refusals: [],
      notes: [expect.stringMatching(/cannot be seen from here: it needs 900 MiB/)],
    });
  });
});

describe('maxmemory', () => {
  it('does not matter where there is none or the new data fit', () => {
    expect(findings({ maxMemoryBytes: 400 * MIB + BARE, maxMemoryPolicy: 'allkeys-lru' })).toEqual(NOTHING);
  });

  it.each([
    ['noeviction', 'refuse all writes'],
    ['volatile-lru', 'refuse all writes'],
    ['allkeys-lfu', 'throw graphs away'],
  ])('with %s would %s', (maxMemoryPolicy, effect) => {
    expect(findings({ maxMemoryBytes: 400 * MIB + BARE - 1, maxMemoryPolicy })).toMatchObject({
      refusals: [
        {
          code: 'no-room',
          message: expect.stringMatching(new RegExp(`${maxMemoryPolicy}, and would ${effect}`)),
          hint: expect.stringContaining(`maxmemory ${400 * MIB + BARE}`),
        },
      ],
    });
  });

  it('and the host are refused at once', () => {
    expect(findings({ maxMemoryBytes: 1, systemBytes: 1 }).refusals).toHaveLength(2);
  });
});
