import type { Redis } from 'ioredis';

export interface KeyReading {
  type: string;
  /** Milliseconds since 1970; -1 where it stays. */
  expiresAt: unknown;
  value: unknown;
}

type Read = (...command: [string, ...string[]]) => Promise<unknown>;

/** @throws for a type that is not known here: it must be added, not passed over */
export async function readKey(reader: Redis, key: string, type: string): Promise<KeyReading> {
  // Values may be any bytes.
  const read: Read = async (command, ...args) => plain(await reader.callBuffer(command, ...args));
  return { type, expiresAt: await read('PEXPIRETIME', key), value: await readValue(read, key, type) };
}

async function readValue(read: Read, key: string, type: string): Promise<unknown> {
  switch (type) {
    // Bitmaps and HyperLogLogs too.
    case 'string':
      return read('GET', key);
    case 'list':
      return read('LRANGE', key, '0', '-1');
    case 'set':
      return sorted(await read('SMEMBERS', key));
    case 'zset':
      return read('ZRANGE', key, '0', '-1', 'WITHSCORES');
    case 'hash':
      return readHash(read, key);
    case 'stream':
      // Its entries, groups, consumers and what is pending, with the times of each.
      return withoutLayout(await read('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'));
    case 'vectorset':
      return readVectorSet(read, key);
    default:
      throw new Error(`${key} has type ${type}, which this reading does not know`);
  }
}

async function readHash(read: Read, key: string): Promise<unknown> {
  const fields = sorted(await read('HKEYS', key));
  const values = asList(await read('HMGET', key, ...fields));
  const expiries = asList(await read('HPEXPIRETIME', key, 'FIELDS', String(fields.length), ...fields));
  return fields.map((field, i) => [field, values[i], expiries[i]]);
}

async function readVectorSet(read: Read, key: string): Promise<unknown> {
  const [size, dimension] = [await read('VCARD', key), await read('VDIM', key)];
  // A positive number gives different ones: all, where there are no more.
  const elements = sorted(await read('VRANDMEMBER', key, String(size)));
  const readings: unknown[] = [];
  for (const element of elements) {
    readings.push([element, await read('VEMB', key, element, 'RAW'), await read('VGETATTR', key, element)]);
  }
  const [first = ''] = elements;
  return { size, dimension, readings, similar: await read('VSIM', key, 'ELE', first, 'WITHSCORES', 'TRUTH') };
}

/** How a stream lies in memory is not part of what it holds. */
function withoutLayout(info: unknown): unknown[] {
  const flat = asList(info);
  return flat.filter((_, i) => !String(flat[i - (i % 2)]).startsWith('radix-tree-'));
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`not a list: ${JSON.stringify(value)}`);
}

function sorted(value: unknown): string[] {
  return asList(value).map(String).sort();
}

/** Text where the bytes are text, else hexadecimal. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!Buffer.isBuffer(value)) return value;
  const text = value.toString();
  return Buffer.from(text).equals(value) ? text : `bytes ${value.toString('hex')}`;
}
