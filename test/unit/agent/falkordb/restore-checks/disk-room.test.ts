import { describe, expect, it } from 'vitest';
import { neededDiskBytes } from '../../../../../agent/falkordb/restore-checks/disk-room.ts';

const SLACK = 1024 * 1024;

describe('neededDiskBytes', () => {
  it.each([
    ['two copies where there is no dump yet', { rdbBytes: 100, oldDumpBytes: 0, hasAof: false }, 200],
    ['three copies with an AOF', { rdbBytes: 100, oldDumpBytes: 0, hasAof: true }, 300],
    ['less the old dump, which the transfer replaces', { rdbBytes: 100, oldDumpBytes: 60, hasAof: false }, 140],
    ['less the old dump, with an AOF', { rdbBytes: 100, oldDumpBytes: 60, hasAof: true }, 240],
    ['the transfer at least', { rdbBytes: 100, oldDumpBytes: 5000, hasAof: true }, 100],
  ])('is %s', (_, files, bytes) => {
    expect(neededDiskBytes(files)).toBe(bytes + SLACK);
  });
});
