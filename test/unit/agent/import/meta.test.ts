import { describe, expect, test } from 'vitest';
import { parseMeta } from '../../../../agent/import/meta.ts';

const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const NAME = 'falkordb_daily_20260101_023000.rdb.meta';

const parse = (json: unknown) => parseMeta(JSON.stringify(json), NAME);

describe('the description beside a dump', () => {
  test('is read as scripts write it, and what else it says is ignored', () => {
    expect(
      parse({
        backup_name: 'falkordb_daily_20260101_023000',
        timestamp: '2026-01-01T02:30:00Z',
        type: 'daily',
        size: 12345,
        checksum: SHA256,
        graphs: ['shop'],
        host: { name: 'db' },
      }),
    ).toEqual({
      takenAt: new Date('2026-01-01T02:30:00Z'),
      bytes: 12345,
      checksums: [{ algorithm: 'sha256', hex: SHA256 }],
      type: 'daily',
      warnings: [],
    });
  });

  test.each([
    ['timestamp', '2026-01-01T03:30:00+01:00'],
    ['Created-At', '2026-01-01T02:30:00.000000+00:00'],
    ['created_at', '2026-01-01 02:30:00+0000'],
    ['backup_time', '2026-01-01 02:30:00 UTC'],
    ['takenAt', 1767234600],
    ['start_time', 1767234600000],
    ['date', '1767234600'],
    ['time', 1767234600.0],
  ])('says under %s that it was taken at %j', (name, value) => {
    expect(parse({ [name]: value })).toMatchObject({ takenAt: new Date('2026-01-01T02:30:00Z'), warnings: [] });
  });

  test.each([
    '2026-01-01T02:30:00',
    '20260101_023000',
    '20260101023000',
    20260101023000,
    '2026-02-30T02:30:00Z',
    'Thu Jan  1 02:30:00 2026',
    true,
  ])('is not believed where it says %j, which has no zone or is no time', (timestamp) => {
    const { takenAt, warnings } = parse({ timestamp });
    expect(takenAt).toBeUndefined();
    expect(warnings).toEqual([
      `${NAME}: timestamp ${JSON.stringify(timestamp)} is no time with a zone: it was not used.`,
    ]);
  });

  test('may have another field with a time that can be used', () => {
    const { takenAt, warnings } = parse({ timestamp: '20260101_023000', date: '2026-01-01T02:30:00Z' });
    expect(takenAt).toEqual(new Date('2026-01-01T02:30:00Z'));
    expect(warnings).toEqual([]);
  });

  test.each([
    ['sha256', SHA256, 'sha256', SHA256],
    ['sha256sum', `${SHA256}  falkordb.rdb`, 'sha256', SHA256],
    ['checksum', `sha256:${SHA256.toUpperCase()}`, 'sha256', SHA256],
    ['checksum', MD5, 'md5', MD5],
    ['md5', MD5, 'md5', MD5],
    ['Hash', `md5=${MD5}`, 'md5', MD5],
  ])('has under %s the checksum %s', (name, value, algorithm, hex) => {
    expect(parse({ [name]: value })).toMatchObject({ checksums: [{ algorithm, hex }], warnings: [] });
  });

  test('may have two checksums, and both count', () => {
    expect(parse({ md5: MD5, sha256: SHA256 }).checksums).toEqual([
      { algorithm: 'sha256', hex: SHA256 },
      { algorithm: 'md5', hex: MD5 },
    ]);
  });

  test.each([['da39a3ee5e6b4b0d3255bfef95601890afd80709'], ['crc32:00000000'], [`${MD5}0`], [42]])(
    'is warned about where its checksum is %j',
    (checksum) => {
      const { checksums, warnings } = parse({ checksum });
      expect(checksums).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining(`checksum ${JSON.stringify(checksum)} is no SHA-256`)]);
    },
  );

  test.each([
    [12345, 12345],
    ['12345', 12345],
    [0, 0],
  ])('has the size %j', (size, bytes) => expect(parse({ size })).toMatchObject({ bytes, warnings: [] }));

  test.each([['12M'], [-1], [1.5], [{}]])('is warned about where its size is %j', (size) => {
    const { bytes, warnings } = parse({ size });
    expect(bytes).toBeUndefined();
    expect(warnings).toEqual([`${NAME}: size ${JSON.stringify(size)} is no number of bytes: it was not checked.`]);
  });

  test('says nothing with fields that are empty', () => {
    expect(parse({ timestamp: null, size: '', checksum: '' })).toEqual(parse({}));
    expect(parse({}).warnings).toEqual([]);
  });

  test.each(['', 'not json', '[]', '"text"', 'null', '{"size": 1'])('%j is none: a warning', (text) => {
    expect(parseMeta(text, NAME)).toMatchObject({
      takenAt: undefined,
      checksums: [],
      warnings: [`${NAME} is no JSON object: it was not used.`],
    });
  });
});
