import type { Redis } from 'ioredis';

/** 2100-01-01, in milliseconds and some. */
const FAR = 4_102_444_800_123;
const BYTES = Buffer.from([0, 255, 128, 10, 13, 0, 34]);

/** Plain keys of each type and size of encoding, with and without an end, in the selected database. */
export async function fillKeys(client: Redis, mark: string): Promise<void> {
  await fillStrings(client, mark);
  await fillCollections(client);
  await fillStream(client);
  await fillVectorSet(client);
  for (const key of ['string', 'list', 'set', 'zset', 'hash', 'stream']) {
    await client.copy(key, `${key}:expiring`);
    await client.pexpireat(`${key}:expiring`, FAR);
  }
}

async function fillStrings(client: Redis, mark: string): Promise<void> {
  await client.mset({ string: mark, empty: '', integer: '-9223372036854775808', 'kéy "odd" \n 漢🧬': 'odd' });
  await client.set('bytes', BYTES);
  await client.set('long', 'long 漢 '.repeat(50_000));
  await client.setbit('bitmap', 7, 1);
  await client.setbit('bitmap', 100_001, 1);
  await client.pfadd('hyperloglog:sparse', ...names(10));
  await client.pfadd('hyperloglog:dense', ...names(5000));
}

async function fillCollections(client: Redis): Promise<void> {
  await client.rpush('list', 'a', '', 'a', BYTES, '12');
  await client.rpush('list:long', ...names(300).map((name) => name.repeat(50)));
  await client.sadd('set', 'a', BYTES, '3');
  await client.sadd('set:integers', ...Array.from({ length: 200 }, (_, i) => i - 100));
  await client.sadd('set:large', ...names(600));
  await client.zadd('zset', '-inf', 'least', 0.1, 'tenth', '1e-300', 'tiny', 3, 'é', 'inf', 'most');
  await client.zadd('zset:large', ...names(300).flatMap((name, i) => [i / 7, name]));
  await client.hset('hash', { a: '1', b: BYTES, '': 'empty' });
  await client.hset('hash:large', Object.fromEntries(names(600).map((name, i) => [name, `${i}`])));
  await client.hset('hash:ending', { stays: '1', ends: '2' });
  await client.call('HPEXPIREAT', 'hash:ending', String(FAR), 'FIELDS', '1', 'ends');
  await client.hset('hash:large:ending', Object.fromEntries(names(600).map((name, i) => [name, `${i}`])));
  await client.call('HPEXPIREAT', 'hash:large:ending', String(FAR + 1), 'FIELDS', '2', 'name1', 'name599');
}

async function fillStream(client: Redis): Promise<void> {
  for (let i = 1; i <= 250; i++) await client.xadd('stream', `${i}-1`, 'field', `value ${i}`, 'é', BYTES);
  await client.xdel('stream', '3-1', '250-1');
  await client.xgroup('CREATE', 'stream', 'group', '0');
  await client.xgroup('CREATE', 'stream', 'idle', '$');
  await client.xgroup('CREATECONSUMER', 'stream', 'group', 'lazy');
  await client.xreadgroup('GROUP', 'group', 'busy', 'COUNT', 5, 'STREAMS', 'stream', '>');
  await client.xack('stream', 'group', '2-1');
  await client.xadd('stream:emptied', '7-7', 'a', 'b');
  await client.xtrim('stream:emptied', 'MAXLEN', 0);
}

async function fillVectorSet(client: Redis): Promise<void> {
  for (const [i, name] of names(20).entries()) {
    await client.call('VADD', 'vectorset', 'VALUES', '3', `${i}`, '1', '-0.25', name, 'SETATTR', `{"year": ${i}}`);
  }
  await client.call('VADD', 'vectorset:expiring', 'VALUES', '2', '1', '0', 'alone');
  await client.pexpireat('vectorset:expiring', FAR);
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `name${i}`);
}
