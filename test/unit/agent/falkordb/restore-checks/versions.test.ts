import { describe, expect, it } from 'vitest';
import type { RestoreSubject } from '../../../../../agent/falkordb/restore-checks/findings.ts';
import {
  checkFalkordbVersion,
  checkRdbVersion,
  compareVersions,
  newestRdbVersion,
} from '../../../../../agent/falkordb/restore-checks/versions.ts';

const SERVER = { redisVersion: '8.2.3', falkordbVersion: '4.16.3' };

function check(engine: Partial<RestoreSubject['engine']>, server: Partial<typeof SERVER> = {}) {
  const subject = {
    name: 'the-backup',
    rdbBytes: 1,
    usedMemoryBytes: 1,
    engine: { redis: '8.2.3', falkordb: '4.16.3', rdbVersion: 12, ...engine },
  };
  const versions = { ...SERVER, ...server };
  const checks = [checkFalkordbVersion, checkRdbVersion].map((each) => each('redis://server:6379', versions, subject));
  return { refusals: checks.flatMap(({ refusals }) => refusals), notes: checks.flatMap(({ notes }) => notes) };
}

const NOTHING = { refusals: [], notes: [] };

describe('compareVersions', () => {
  it.each([
    ['4.16.3', '4.16.3', 0],
    ['4.9.10', '4.16.3', -1],
    ['4.16.10', '4.16.9', 1],
    ['10.0.0', '9.9.9', 1],
    ['v4.18.0', '4.16.3', 1],
  ])('of %s and %s has the sign %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b) ?? Number.NaN)).toBe(sign);
  });

  it.each([
    ['edge', '4.16.3'],
    ['4.16.3', ''],
    ['4.16', '4.16.3'],
  ])('of %j and %j is unknown', (a, b) => {
    expect(compareVersions(a, b)).toBeUndefined();
  });
});

describe('newestRdbVersion', () => {
  it.each([
    ['7.0.15', 10],
    ['7.2.4', 11],
    ['8.2.3', 12],
    ['8.10.0', undefined],
    ['255.255.255', undefined],
  ])('of Redis %s is %s', (redis, version) => {
    expect(newestRdbVersion(redis)).toBe(version);
  });
});

describe('the checks of versions', () => {
  it('has nothing against the same or an older engine', () => {
    expect(check({})).toEqual(NOTHING);
    expect(check({ falkordb: '4.9.12', redis: '7.2.4', rdbVersion: 11 })).toEqual(NOTHING);
  });

  it('refuses a newer FalkorDB, by number and not by letter', () => {
    expect(check({ falkordb: '4.18.0' })).toMatchObject({
      refusals: [
        {
          code: 'database-unsuitable',
          message: expect.stringMatching(/the-backup was written by FalkorDB 4\.18\.0.* 4\.16\.3/),
          hint: expect.stringMatching(/4\.18\.0 or newer, or fetch/),
        },
      ],
      notes: [],
    });
    expect(check({ falkordb: '4.10.0' }, { falkordbVersion: '4.9.1' }).refusals).toHaveLength(1);
  });

  it.each(['8.6.5', null])('refuses a newer RDB version, written by Redis %s', (redis) => {
    expect(check({ redis, rdbVersion: 13 })).toMatchObject({
      refusals: [
        {
          code: 'database-unsuitable',
          message: expect.stringMatching(/RDB version 13; Redis 8\.2\.3 .* up to 12/),
          hint: expect.stringContaining(redis ?? 'a newer Redis'),
        },
      ],
      notes: [],
    });
  });

  it('refuses both at once', () => {
    expect(check({ falkordb: '5.0.0', redis: '8.8.0', rdbVersion: 14 }).refusals).toHaveLength(2);
  });

  it('refuses no RDB version where the Redis is unknown or wrote such a file itself', () => {
    expect(check({ redis: '9.0.1', rdbVersion: 20 }, { redisVersion: '9.0.0' })).toEqual(NOTHING);
    expect(check({ redis: '8.2.3', rdbVersion: 80 })).toEqual(NOTHING);
  });

  it.each([null, 'edge'])('says that it does not know who wrote it: %s', (falkordb) => {
    expect(check({ falkordb })).toEqual({
      refusals: [],
      notes: [expect.stringMatching(/not known which FalkorDB wrote the-backup/)],
    });
  });
});
