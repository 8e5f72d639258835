/*
 * Tiny RDB files made by hand, after rdb.c of Redis: none of the code under test takes part in it.
 */

const POLYNOMIAL_REFLECTED = 0x95ac9329ac4bc9b5n;

/** How a string may be written: a length of 6, 14 or 32 bits and the bytes, or an integer of 1, 2 or 4 bytes. */
export type Encoding = 'len6' | 'len14' | 'len32' | 'int8' | 'int16' | 'int32';

export interface RdbParts {
  version?: string;
  aux?: [string, string, Encoding?][];
  body?: Uint8Array;
  checksum?: 'crc64' | 'zeroes';
}

export const EXAMPLE_AUX: [string, string, Encoding?][] = [
  ['redis-ver', '8.2.3'],
  ['redis-bits', '64', 'int8'],
  ['ctime', '1795314600', 'int32'],
  ['used-mem', '1000000', 'int32'],
];
/** One key of a string type, as `SET k v` leaves it. */
const EXAMPLE_BODY = Buffer.concat([Buffer.from([0xfe, 0, 0xfb, 1, 0, 0, 1]), Buffer.from('k\x01v')]);

export function rdbFile({ version = '0012', aux = EXAMPLE_AUX, body = EXAMPLE_BODY, checksum }: RdbParts = {}): Buffer {
  const content = Buffer.concat([rdbHeader(version, aux), body, Buffer.from([0xff])]);
  const trailer = Buffer.alloc(8);
  if (checksum !== 'zeroes') trailer.writeBigUInt64LE(crc64(content));
  return Buffer.concat([content, trailer]);
}

export function rdbHeader(version: string, aux: [string, string, Encoding?][]): Buffer {
  const fields = aux.flatMap(([key, value, encoding]) => [
    Buffer.from([0xfa]),
    encode(key, 'len6'),
    encode(value, encoding ?? 'len6'),
  ]);
  return Buffer.concat([Buffer.from(`REDIS${version}`), ...fields]);
}

function encode(text: string, encoding: Encoding): Buffer {
  const bytes = Buffer.from(text);
  const number = Number(text);
  const buffer = Buffer.alloc(5);
  switch (encoding) {
    case 'len6':
      return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    case 'len14':
      return Buffer.concat([Buffer.from([0x40 | (bytes.length >> 8), bytes.length & 0xff]), bytes]);
    case 'len32':
      buffer[0] = 0x80;
      buffer.writeUInt32BE(bytes.length, 1);
      return Buffer.concat([buffer, bytes]);
    case 'int8':
      buffer[0] = 0xc0;
      return buffer.subarray(0, buffer.writeInt8(number, 1));
    case 'int16':
      buffer[0] = 0xc1;
      return buffer.subarray(0, buffer.writeInt16LE(number, 1));
    default:
      buffer[0] = 0xc2;
      return buffer.subarray(0, buffer.writeInt32LE(number, 1));
  }
}

/** Bit by bit: slow, and plainly the definition. */
export function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ (crc & 1n ? POLYNOMIAL_REFLECTED : 0n);
  }
  return crc;
}
