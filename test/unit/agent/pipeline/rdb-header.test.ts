import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HEADER_BYTES, parseRdbHeader } from '../../../../agent/pipeline/rdb-header.ts';
import { type Encoding, rdbFile, rdbHeader } from '../../../support/rdb-bytes.ts';

const REPL_ID = 'f'.repeat(40);
const AFTER = Buffer.from([0xfe]);

const parse = (aux: [string, string, Encoding?][]) =>
  parseRdbHeader(Buffer.concat([rdbHeader('0012', aux), AFTER]))?.aux;

describe('parseRdbHeader', () => {
  it('reads the version and every field', () => {
    const header = parseRdbHeader(
      rdbFile({
        version: '0011',
        aux: [
          ['redis-ver', '8.2.3'],
          ['repl-id', REPL_ID],
        ],
      }),
    );
    expect(header?.version).toBe(11);
    expect([...(header?.aux ?? [])]).toEqual([
      ['redis-ver', '8.2.3'],
      ['repl-id', REPL_ID],
    ]);
  });

  it.each<[Encoding, string]>([
    ['len6', ''],
    ['len6', 'a'.repeat(63)],
    ['len14', 'short'],
    ['len14', 'a'.repeat(64)],
    ['len14', 'ü'.repeat(8000)],
    ['len32', 'a'.repeat(20_000)],
    ['int8', '0'],
    ['int8', '127'],
    ['int8', '-128'],
    ['int16', '32767'],
    ['int16', '-32768'],
    ['int32', '2147483647'],
    ['int32', '-2147483648'],
  ])('reads a value written as %s', (encoding, value) => {
    expect(
      parse([
        ['name', value, encoding],
        ['next', '1'],
      ]),
    ).toEqual(
      new Map([
        ['name', value],
        ['next', '1'],
      ]),
    );
  });

  it('reads a file without fields', () => expect(parse([])).toEqual(new Map()));

  it('asks for more at every length that ends too early', () => {
    const header = rdbHeader('0012', [
      ['redis-ver', '8.2.3'],
      ['long', 'a'.repeat(100), 'len14'],
      ['longer', 'b'.repeat(100), 'len32'],
      ['ctime', '1795314600', 'int32'],
    ]);
    for (let length = 0; length <= header.length; length += 1) {
      expect(parseRdbHeader(header.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(parseRdbHeader(Buffer.concat([header, AFTER]))?.aux.size).toBe(4);
  });

  it('passes over a value that Redis has compressed', () => {
    const compressed = Buffer.from('REDIS0012\xfa\x01a\xc3\x03\x40\x64xyz\xfa\x05ctime\xc0\x07\xfe', 'latin1');
    expect(parseRdbHeader(compressed)?.aux).toEqual(
      new Map([
        ['a', ''],
        ['ctime', '7'],
      ]),
    );
    for (let length = 0; length < compressed.length; length += 1) {
      expect(parseRdbHeader(compressed.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
  });

  it.each([
    ['of another program', Buffer.from('PK\x03\x04 not a dump')],
    ['of an error page', Buffer.from('<html>403 Forbidden</html>')],
    ['with a version in letters', Buffer.from('REDISabcd....')],
    ['with a length of 64 bits', Buffer.from('REDIS0012\xfa\x81\0\0\0\0\0\0\0\x01a', 'latin1')],
    ['with a field longer than a header', Buffer.from('REDIS0012\xfa\x80\x7f\xff\xff\xffa', 'latin1')],
    ['with an encoding that Redis does not have', Buffer.from('REDIS0012\xfa\x01a\xc4\x01\x01a', 'latin1')],
  ])('throws a RangeError for bytes %s', (_, bytes) => expect(() => parseRdbHeader(bytes)).toThrow(RangeError));

  it('never throws anything else, nor reads on for ever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          parseRdbHeader(Buffer.concat([Buffer.from('REDIS0012\xfa', 'latin1'), noise]));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has room for far more than Redis writes', () => expect(MAX_HEADER_BYTES).toBeGreaterThan(10_000));
});
