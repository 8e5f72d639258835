import { describe, expect, it } from 'vitest';
import { assertObjectKey } from '../../../../core/model/object-key.ts';

describe('assertObjectKey', () => {
  it.each(['a', 'A-b_c.d=e/0', '_', 'daily/prod/x/manifest.json', 'a'.repeat(200), 'ab/'.repeat(333).slice(0, -1)])(
    'takes %j',
    (key) => expect(() => assertObjectKey(key)).not.toThrow(),
  );

  it.each([
    ['an empty key', ''],
    ['an empty segment', 'a//b'],
    ['a slash at the start', '/a'],
    ['a slash at the end', 'a/'],
    ['the folder above', 'a/../b'],
    ['a hidden segment', 'a/.tmp'],
    ['a dash at the start, which commands take for an option', 'a/-rf'],
    ['a space', 'a b'],
    ['a line break at the end', 'a\n'],
    ['a zero byte', 'a\0'],
    ['a backslash', 'a\\b'],
    ['a letter beyond ASCII', 'ä'],
    ['a percent sign', 'a%2Fb'],
    ['a segment longer than a file name', 'a'.repeat(201)],
    ['a key longer than S3 takes', 'ab/'.repeat(334).slice(0, -1)],
  ])('refuses %s', (_, key) => {
    expect(() => assertObjectKey(key)).toThrow(
      expect.objectContaining({ code: 'store-invalid-key', hint: expect.stringContaining('segments') }),
    );
  });

  it('names the key, and no more of it than fits a line', () => {
    expect(() => assertObjectKey('a b')).toThrow('"a b"');
    expect(() => assertObjectKey(' '.repeat(5000))).toThrow(/^.{0,250}$/);
  });
});
