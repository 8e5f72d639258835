import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeAddress, parseAddress } from '../../../../agent/falkordb/address.ts';

const PLAIN = { host: 'db', port: 6379, username: undefined, password: undefined, tls: false, ca: undefined };

describe('parseAddress', () => {
  it.each([
    ['redis://db', PLAIN],
    ['redis://db/', PLAIN],
    ['redis://db/0', PLAIN],
    ['falkor://db', PLAIN],
    ['redis://db:7000', { ...PLAIN, port: 7000 }],
    ['rediss://db', { ...PLAIN, tls: true }],
    ['falkors://db', { ...PLAIN, tls: true }],
    ['redis://127.0.0.1', { ...PLAIN, host: '127.0.0.1' }],
    ['redis://[::1]', { ...PLAIN, host: '::1' }],
    ['redis://[2001:db8::7]:7000', { ...PLAIN, host: '2001:db8::7', port: 7000 }],
    ['redis://me@db', { ...PLAIN, username: 'me' }],
    ['redis://:pw@db', { ...PLAIN, password: 'pw' }],
    ['redis://me:pw@[::1]:7000', { ...PLAIN, host: '::1', port: 7000, username: 'me', password: 'pw' }],
    ['redis://me:p%40s%3As%2Fw%25rd@db', { ...PLAIN, username: 'me', password: 'p@s:s/w%rd' }],
    ['redis://:p@ss@db', { ...PLAIN, password: 'p@ss' }],
    ['redis://:@db', PLAIN],
  ])('reads %s', (url, address) => expect(parseAddress(url)).toEqual(address));

  it('gets back any user and password that were percent-encoded', () => {
    const words = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(words, words, (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@db`;
        expect(parseAddress(url)).toEqual({ ...PLAIN, username, password });
      }),
    );
  });

  it.each([
    '',
    'db',
    'db:6379',
    'localhost:6379',
    'http://db',
    'redis:db',
    'redis://',
    'redis:///var/run/redis.sock',
    'redis://db/1',
    'redis://db?family=6',
    'redis://db#x',
    'redis://db:port',
    'redis://db:65536',
    'redis://::1',
    'redis://:100%@db',
    'redis://%zz@db',
  ])('refuses %j', (url) => expect(parseAddress(url)).toBeUndefined());

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, rest) => {
        parseAddress(`redis://${user}@${rest}`);
        parseAddress(rest);
      }),
    );
  });
});

describe('describeAddress', () => {
  it('says where and how', () => {
    expect(describeAddress({ ...PLAIN, port: 7000 })).toBe('redis://db:7000');
    expect(describeAddress({ ...PLAIN, host: '::1', tls: true })).toBe('rediss://[::1]:6379');
  });

  it('never shows credentials', () => {
    const words = fc.string({ minLength: 1 }).map((word) => `s3cr3t${word}`);
    fc.assert(
      fc.property(words, words, (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@db:7000`;
        const address = parseAddress(url);
        expect(address && describeAddress(address)).toBe('redis://db:7000');
      }),
    );
  });

  it('gives an address that can be parsed again', () => {
    for (const host of ['db', '::1', '10.0.0.1']) {
      expect(parseAddress(describeAddress({ ...PLAIN, host }))).toEqual({ ...PLAIN, host });
    }
  });
});
