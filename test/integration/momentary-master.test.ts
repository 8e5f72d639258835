import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { type FullSync, MomentaryMaster } from '../../agent/falkordb/master/momentary-master.ts';
import { dumpOfServer } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';

const PASSWORD = 'a password';
const REPLICATION_ID = 'a'.repeat(40);

let master: MomentaryMaster | undefined;
afterEach(() => master?.close());

async function listen(): Promise<MomentaryMaster> {
  master = await MomentaryMaster.listen({
    host: '127.0.0.1',
    port: 0,
    credentials: { user: undefined, password: PASSWORD },
    tls: undefined,
  });
  return master;
}

/** What a client gets for what it sends, until the master hangs up. */
async function answers(port: number, ...commands: string[][]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const received = text(socket);
  for (const words of commands) {
    socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`);
  }
  return received;
}

/** A real server that takes us for its master, and waits. */
async function held(live: LiveServer, { port, hold }: { port: number; hold: Promise<void> }): Promise<void> {
  await live.client.config('SET', 'masterauth', PASSWORD);
  await live.client.call('REPLICAOF', '127.0.0.1', port);
  await hold;
  await eventually(async () => expect(await live.info('master_link_status')).toBe('up'));
}

function fullSync(dump: Buffer, changes: Partial<FullSync> = {}): FullSync {
  return {
    replicationId: randomBytes(20).toString('hex'),
    sizeBytes: dump.length,
    dump: chunksOf(dump),
    beforeLastBytes: async () => {},
    onSent: () => {},
    signal: new AbortController().signal,
    ...changes,
  };
}

async function* chunksOf(dump: Buffer): AsyncIterable<Uint8Array> {
  for (let start = 0; start < dump.length; start += 1000) yield dump.subarray(start, start + 1000);
}

describe('strangers get nothing', () => {
  test.each([
    ['one without a password', [['PSYNC', '?', '-1']], ''],
    ['one that only pings', [['PING'], ['REPLCONF', 'capa', 'eof']], '-NOAUTH Authentication required.\r\n'],
    [
      'one with a wrong password',
      [
        ['AUTH', 'guess'],
        ['PSYNC', '?', '-1'],
      ],
      /^-WRONGPASS [^\r]*\r\n$/,
    ],
    [
      'one with another user',
      [
        ['AUTH', 'admin', PASSWORD],
        ['PSYNC', '?', '-1'],
      ],
      /^-WRONGPASS [^\r]*\r\n$/,
    ],
    [
      'one with the password that asks for something else',
      [
        ['AUTH', PASSWORD],
        ['GET', 'k'],
      ],
      '+OK\r\n',
    ],
    [
      'one with the password and another history',
      [
        ['AUTH', PASSWORD],
        ['PSYNC', 'b'.repeat(40), '1'],
      ],
      '+OK\r\n',
    ],
  ])('%s', async (_, commands, expected) => {
    const { port, hold } = await listen().then((listening) => ({
      port: listening.port,
      hold: listening.hold(REPLICATION_ID),
    }));
    void hold;
    expect(await answers(port, ...commands)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
  });

  test('one that says nothing is hung up on', { timeout: 20_000 }, async () => {
    const { port } = await listen();
    expect(await answers(port)).toBe('');
  });

  test('a second replica, while the first one is connected', async () => {
    await using live = await startLiveServer();
    const listening = await listen();
    const id = await live.info('master_replid');
    await held(live, { port: listening.port, hold: listening.hold(id) });
    expect(await answers(listening.port, ['AUTH', PASSWORD], ['PSYNC', id, '1'])).toBe('+OK\r\n');
    expect(await live.info('master_link_status')).toBe('up');
  });
});

test('a server that is held keeps its data, serves it, refuses writes, can be saved, and stays so after a cut', async () => {
  await using live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  const listening = await listen();
  const id = await live.info('master_replid');
  await held(live, { port: listening.port, hold: listening.hold(id) });
  expect(await live.nodeCounts()).toEqual({ g: 1 });
  await expect(live.graph('g', 'CREATE (:Node)')).rejects.toThrow('READONLY');
  expect(await live.client.bgsave()).toBe('Background saving started');

  await live.client.call('CLIENT', 'KILL', 'TYPE', 'master');
  await eventually(async () => expect(await live.info('master_link_status')).toBe('up'));
  expect(await live.nodeCounts()).toEqual({ g: 1 });
  await live.client.call('REPLICAOF', 'NO', 'ONE');
  await live.graph('g', 'CREATE (:Node)');
  expect(await live.nodeCounts()).toEqual({ g: 2 });
});

describe('a full synchronisation', () => {
  test('replaces all that the server has, and tells which history it has now', async () => {
    await using live = await startLiveServer();
    await live.graph('new', 'UNWIND range(1, 3000) AS i CREATE (:Node {id: i})');
    const dump = await dumpOfServer(live);
    await live.client.flushall();
    await live.graph('old', 'CREATE (:Node)');
    const listening = await listen();
    await held(live, { port: listening.port, hold: listening.hold(await live.info('master_replid')) });
    const sent: number[] = [];
    const sync = fullSync(dump, { onSent: (bytes) => void sent.push(bytes) });
    await listening.synchronize(sync);
    await eventually(async () => expect(await live.info('master_replid')).toBe(sync.replicationId));
    expect(await live.nodeCounts()).toEqual({ new: 3000 });
    expect(sent.at(-1)).toBe(dump.length);
    await expect(live.graph('new', 'CREATE (:Node)')).rejects.toThrow('READONLY');

    await live.client.call('CLIENT', 'KILL', 'TYPE', 'master');
    await eventually(async () => expect(await live.info('master_link_status')).toBe('up'));
    expect(await live.nodeCounts()).toEqual({ new: 3000 });
  });

  test.each<[string, (dump: Buffer) => Partial<FullSync>]>([
    ['the dump fails at its very end', (dump) => ({ dump: failingAtEnd(dump) })],
    ['the last bytes may not be sent', () => ({ beforeLastBytes: () => Promise.reject(new Error('not ours')) })],
    ['it is called off', (dump) => aborting(dump)],
  ])('changes nothing where %s', async (_, changes) => {
    await using live = await startLiveServer();
    await live.graph('new', 'UNWIND range(1, 3000) AS i CREATE (:Node {id: i})');
    const dump = await dumpOfServer(live);
    await live.client.flushall();
    await live.graph('old', 'CREATE (:Node)');
    const listening = await listen();
    const id = await live.info('master_replid');
    await held(live, { port: listening.port, hold: listening.hold(id) });
    await expect(listening.synchronize(fullSync(dump, changes(dump)))).rejects.toThrow(/not ours|damaged|called off/);
    await listening.close();
    expect(await live.info('master_replid')).toBe(id);
    expect(await live.nodeCounts()).toEqual({ old: 1 });
    await live.client.call('REPLICAOF', 'NO', 'ONE');
    await live.graph('old', 'CREATE (:Node)');
    expect(await live.nodeCounts()).toEqual({ old: 2 });
  });

  test('fails at once where the server goes away', async () => {
    const live = await startLiveServer();
    await using _ = live;
    await live.graph('old', 'CREATE (:Node)');
    const listening = await listen();
    await held(live, { port: listening.port, hold: listening.hold(await live.info('master_replid')) });
    const dump = randomBytes(64 * 1024 * 1024);
    const stopping = fullSync(dump, {
      dump: chunksOf(dump),
      onSent: (bytes) => {
        if (bytes === 100_000) void live.server.stop();
      },
    });
    await expect(listening.synchronize(stopping)).rejects.toMatchObject({ code: 'database-unreachable' });
  });
});

async function* failingAtEnd(dump: Buffer): AsyncIterable<Uint8Array> {
  yield* chunksOf(dump);
  throw new Error('damaged');
}

function aborting(dump: Buffer): Partial<FullSync> {
  const stop = new AbortController();
  async function* bytes(): AsyncIterable<Uint8Array> {
    yield* chunksOf(dump.subarray(0, dump.length / 2));
    stop.abort(new Error('called off'));
    stop.signal.throwIfAborted();
  }
  return { dump: bytes(), signal: stop.signal };
}

test('says where it cannot listen', async () => {
  const { port } = await listen();
  const again = { host: '127.0.0.1', port, credentials: { user: undefined, password: PASSWORD }, tls: undefined };
  await expect(MomentaryMaster.listen(again)).rejects.toMatchObject({
    code: 'invalid-settings',
    message: expect.stringContaining(`port ${port}: EADDRINUSE`),
  });
});
