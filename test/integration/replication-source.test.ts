import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Address, parseAddress } from '../../agent/falkordb/address.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { ReplicaLink } from '../../agent/falkordb/replica-link.ts';
import { loaded, open, readWhole, take } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, saveChild, startLiveServer } from '../support/live-server.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const PASSWORD = 'p "ä" \\ @:/';
/** What docs/configuration.md lists for a backup by replication. */
const RULES = [
  ...['-@all', '+ping', '+info', '+time', '+psync', '+replconf', '+graph.list', '+graph.ro_query', '+graph.config'],
  ...['+config|get', '+acl|list', '+module|list'],
];

async function fillGraphs(live: LiveServer): Promise<void> {
  await live.graph('people', 'UNWIND range(1, 500) AS i CREATE (:Person {i: i})-[:KNOWS]->(:Person)');
  await live.graph('sp ace "quoted", é', 'CREATE (:Node)');
}

const COUNTS = { people: 1000, 'sp ace "quoted", é': 1 };

describe.each([
  ['as a stream', 'yes'],
  ['as a file', 'no'],
])('a dump that the server sends %s', (_, diskless) => {
  test('is whole, and loads', async () => {
    await using live = await startLiveServer({ config: { 'repl-diskless-sync': diskless } });
    await fillGraphs(live);
    await live.fill(4, MIB);
    using db = await Database.connect(live.address);

    const { kind, written, value: whole } = await take(db, { source: 'replication' });

    expect({ kind, save: written.save }).toEqual({ kind: 'replication', save: null });
    expect(whole.facts.checksum).toBe('verified');
    expect(written.sizeBytes).toBe(diskless === 'yes' ? undefined : whole.bytes.length);
    const found = await loaded(whole, async (fresh) => [await fresh.nodeCounts(), await fresh.filledKeys()]);
    expect(found).toEqual([COUNTS, 4]);
    await eventually(async () => expect(await live.info('connected_slaves')).toBe('0'));
  });
});

test.each(['yes', 'no'])(
  'a dump that is under way for another agent is not taken for ours (stream: %s)',
  async (diskless) => {
    await using live = await startLiveServer({ config: { 'repl-diskless-sync': diskless } });
    await live.fill(60);
    await live.setSaveDelay(15_000);
    using one = await Database.connect(live.address);
    using other = await Database.connect(live.address);
    const early = open(one, { source: 'replication' }).then((dump) => readWhole(dump));
    await saveChild(live);
    await live.setSaveDelay(0);
    await live.graph('g', 'CREATE (:Late)');

    const late = await readWhole(await open(other, { source: 'replication' }));

    expect(await loaded(late, (fresh) => fresh.nodeCounts())).toEqual({ g: 1 });
    expect(await loaded(await early, (fresh) => fresh.nodeCounts())).toEqual({});
  },
);

describe('credentials', () => {
  test('the password of the server will do', async () => {
    await using live = await startLiveServer({ password: PASSWORD });
    await fillGraphs(live);
    using db = await Database.connect(live.address);
    const whole = await readWhole(await open(db, { source: 'replication' }));
    expect(await loaded(whole, (fresh) => fresh.nodeCounts())).toEqual(COUNTS);
  });

  test('so will a user who may do nothing but this', async () => {
    await using live = await startLiveServer();
    await fillGraphs(live);
    using db = await Database.connect(await addUser(live, ...RULES));
    const whole = await readWhole(await open(db, { source: 'replication' }));
    expect(await loaded(whole, (fresh) => fresh.nodeCounts())).toEqual(COUNTS);
  });

  test('a user who may not replicate is told so', async () => {
    await using live = await startLiveServer();
    using db = await Database.connect(await addUser(live, ...RULES, '-psync'));
    await expect(open(db, { source: 'replication' })).rejects.toMatchObject({
      code: 'database-denied',
      message: expect.stringContaining('PSYNC'),
    });
  });

  test('wrong ones are refused, and never shown', async () => {
    await using live = await startLiveServer({ password: PASSWORD });
    const wrong = { ...live.address, password: 'wrong-secret' };
    const denied = expect.objectContaining({
      code: 'database-denied',
      message: expect.not.stringContaining('wrong-secret'),
      hint: expect.stringContaining('FALKORDB_PASSWORD_FILE'),
    });
    const { signal } = new AbortController();
    await expect(Database.connect(wrong)).rejects.toEqual(denied);
    await expect(Database.connect({ ...wrong, password: undefined })).rejects.toEqual(denied);
    await expect(ReplicaLink.connect(wrong, signal)).rejects.toEqual(denied);
  });

  async function addUser(live: LiveServer, ...rules: string[]): Promise<Address> {
    await live.client.acl('SETUSER', 'backup', 'on', `>${PASSWORD}`, '~*', ...rules);
    const address = parseAddress(`redis://backup:${encodeURIComponent(PASSWORD)}@127.0.0.1:${live.server.port}`);
    if (!address) throw new Error('no address');
    return address;
  }
});

describe('a transfer that is cut short', () => {
  test.each(['server', 'process that saves'])('because the %s was killed, is no dump', async (victim) => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '20000' } });
    await live.fill(100, 64 * KIB);
    using db = await Database.connect(live.address);
    const dump = await open(db, { source: 'replication' });
    const chunks = dump.bytes[Symbol.asyncIterator]();
    await chunks.next();

    process.kill(victim === 'server' ? live.server.pid : await saveChild(live), 'SIGKILL');

    const rest = { ...dump, bytes: { [Symbol.asyncIterator]: () => chunks } };
    await expect(readWhole(rest)).rejects.toMatchObject({
      code: 'database-unreachable',
      retryable: true,
      hint: expect.stringMatching(/./),
    });
  });

  test('because we were told to stop, ends at once and sets the server free', async () => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '200000' } });
    await live.fill(100, 64 * KIB);
    using db = await Database.connect(live.address);
    const stop = new AbortController();
    const dump = await open(db, { source: 'replication', signal: stop.signal });
    const chunks = dump.bytes[Symbol.asyncIterator]();
    await chunks.next();
    stop.abort(new Error('enough'));
    await expect(chunks.next()).rejects.toThrow('enough');
    // A master that has nobody left to save for ends its child.
    await eventually(async () => expect(await live.info('rdb_bgsave_in_progress')).toBe('0'));
  });
});

describe('a server that is busy', () => {
  test('is waited for, and the dump holds what was written meanwhile', async () => {
    await using live = await startLiveServer();
    await live.fill(60);
    await live.setSaveDelay(15_000);
    await live.client.bgsave();
    await live.setSaveDelay(0);
    await live.graph('g', 'CREATE (:Late)');
    using db = await Database.connect(live.address);
    expect(await live.info('rdb_bgsave_in_progress')).toBe('1');
    const whole = await readWhole(await open(db, { source: 'replication' }));
    expect(await loaded(whole, (fresh) => fresh.nodeCounts())).toEqual({ g: 1 });
  });

  test('is not waited for longer than asked', async () => {
    await using live = await startLiveServer({ config: { 'rdb-key-save-delay': '1000000' } });
    await live.fill(60);
    await live.client.bgsave();
    using db = await Database.connect(live.address);
    const timeouts = { busySeconds: 0.3, saveSeconds: 60 };
    await expect(open(db, { source: 'replication', timeouts })).rejects.toMatchObject({
      code: 'database-busy',
      hint: expect.stringContaining('BACKUP_BUSY_TIMEOUT_SECONDS'),
      retryable: true,
    });
  });

  test('with a save to a file for us is given up at the deadline', async () => {
    const config = { 'rdb-key-save-delay': '1000000', 'repl-diskless-sync': 'no' };
    await using live = await startLiveServer({ config });
    await live.fill(60);
    using db = await Database.connect(live.address);
    const timeouts = { busySeconds: 60, saveSeconds: 0.3 };
    await expect(open(db, { source: 'replication', timeouts })).rejects.toMatchObject({
      code: 'deadline',
      hint: expect.stringContaining('BACKUP_SAVE_TIMEOUT_SECONDS'),
    });
  });
});

test('a consumer that is slow slows the server down, and no memory fills up', async () => {
  await using live = await startLiveServer();
  const total = 48 * MIB;
  await live.fill(48, MIB);
  using db = await Database.connect(live.address);
  const dump = await open(db, { source: 'replication' });
  const chunks = dump.bytes[Symbol.asyncIterator]();
  const child = await saveChild(live);
  const first = await chunks.next();
  const before = process.memoryUsage().arrayBuffers;

  let written = -1;
  await eventually(async () => {
    const previous = written;
    written = Number(/^wchar: (\d+)/m.exec(await readFile(`/proc/${child}/io`, 'utf8'))?.[1]);
    expect(written).toBe(previous);
  }, 200);

  expect(written).toBeLessThan(total / 2);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * MIB);
  const whole = await readWhole({ ...dump, bytes: { [Symbol.asyncIterator]: () => chunks } }, [first.value]);
  expect(whole.facts.checksum).toBe('verified');
  expect(whole.bytes.length).toBeGreaterThan(total);
});
