import { describe, expect, test } from 'vitest';
import { matchesPattern } from '../../scenario/support/event-pattern.ts';

const EVENT = { source: 'aws.ssm', detail: { status: 'Failed', tags: ['a', 'b'], code: 1, nothing: null } };

describe('a pattern', () => {
  test.each<[object, boolean]>([
    [{ source: ['aws.ssm'] }, true],
    [{ source: ['aws.s3', 'aws.ssm'] }, true],
    [{ source: ['aws.s3'] }, false],
    [{ source: ['aws.ssm'], detail: { status: ['Success'] } }, false],
    [{ detail: { status: ['Failed'], code: [1] } }, true],
    [{ detail: { code: ['1'] } }, false],
    [{ detail: { nothing: [null] } }, true],
    [{ detail: { tags: ['b'] } }, true],
    [{ detail: { missing: ['x'] } }, false],
    [{ other: { deep: ['x'] } }, false],
    [{ source: [{ prefix: 'aws.' }] }, true],
    [{ source: [{ prefix: 'falkordb' }] }, false],
    [{ detail: { status: [{ exists: true }], missing: [{ exists: false }] } }, true],
    [{ detail: { status: [{ exists: false }] } }, false],
    [{ detail: { status: [{ 'anything-but': ['Success', 'Pending'] }] } }, true],
    [{ detail: { status: [{ 'anything-but': 'Failed' }] } }, false],
    [{ detail: { missing: [{ 'anything-but': 'Failed' }] } }, false],
  ])('%j matches: %s', (pattern, expected) => expect(matchesPattern(pattern, EVENT)).toBe(expected));

  test.each<object>([
    { source: [{ suffix: 'ssm' }] },
    { source: [{ prefix: 'a', exists: true }] },
    { source: [{ 'anything-but': { prefix: 'x' } }] },
    { source: 'aws.ssm' },
    { $or: [{ source: ['x'] }] },
    // Also where another field has decided already.
    { source: ['other'], detail: { status: [{ wildcard: '*' }] } },
  ])('%j is not understood', (pattern) => expect(() => matchesPattern(pattern, EVENT)).toThrow('Not understood'));
});
