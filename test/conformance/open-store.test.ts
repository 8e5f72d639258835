import { describe, expect, it } from 'vitest';
import { openStore } from '../../core/store/open-store.ts';

describe('openStore', () => {
  it.each([
    ['file:///var/lib/backups', 'file:///var/lib/backups'],
    ['file:///var/lib/backups/', 'file:///var/lib/backups'],
    ['file:///with%20space/100%25', 'file:///with%20space/100%25'],
    ['FILE:///a/../b', 'file:///b'],
    ['s3://bucket', 's3://bucket'],
    ['s3://bucket/', 's3://bucket'],
    ['s3://my.bucket/with/prefix/', 's3://my.bucket/with/prefix'],
  ])('opens %s', (url, expected) => expect(openStore(url).url).toBe(expected));

  it.each([
    ['s3://', 'bucket'],
    ['s3:///prefix', 'bucket'],
    ['s3://user:sekret@bucket/prefix', 'bucket'],
    ['s3://bucket/a//b', 'prefix'],
    ['s3://bucket/../b', 'prefix'],
    ['s3://bucket/a?region=x', 'prefix'],
    ['', 'no scheme'],
    ['/var/lib/backups', 'no scheme'],
    ['backups', 'no scheme'],
    ['file:backups', 'not absolute'],
    ['file://backups/a', 'not absolute'],
    ['file:/backups', 'not absolute'],
    ['file:///', 'root of the file system'],
    ['file:////', 'root of the file system'],
    ['file:///a/..', 'root of the file system'],
    ['file:///a?b', '%3F'],
    ['file:///a#b', '%23'],
    ['file:///a%2Fb', 'not well-formed'],
    ['file:///a%zz', 'not well-formed'],
    ['file:///a%00', 'zero byte'],
    ['redis://user:secret@host', '"redis:" is not'],
  ])('refuses %j', (url, reason) => {
    const refused = expect.objectContaining({
      code: 'invalid-settings',
      message: expect.stringContaining(reason),
      hint: expect.stringContaining('file:///'),
    });
    expect(() => openStore(url)).toThrow(refused);
    expect(() => openStore(url)).not.toThrow('secret');
  });
});
