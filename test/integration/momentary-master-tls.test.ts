import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { freeze } from '../../agent/falkordb/freeze.ts';
import { MomentaryMaster } from '../../agent/falkordb/master/momentary-master.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp } from '../support/backups.ts';
import { makeCertificate } from '../support/certificate.ts';
import { dumpOfServer } from '../support/dumps.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveServer } from '../support/live-server.ts';
import { planOf, restoreDeps } from '../support/restores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { plainBefore } from '../support/tls-proxies.ts';

const PASSWORD = 'a password';
const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);
const CERTIFICATE = makeCertificate();

let master: MomentaryMaster | undefined;
afterEach(() => master?.close());

async function listen(tls = CERTIFICATE): Promise<MomentaryMaster> {
  const credentials = { user: undefined, password: PASSWORD };
  master = await MomentaryMaster.listen({ host: '127.0.0.1', port: 0, credentials, tls });
  return master;
}

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

/** As a FalkorDB with tls-replication yes does. */
async function replicate(port: number, ...psync: string[]): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: CERTIFICATE.cert });
  await once(socket, 'secureConnect');
  for (const [words, answer] of [
    [['PING'], '-NOAUTH Authentication required.'],
    [['AUTH', PASSWORD], '+OK'],
    [['REPLCONF', 'listening-port', '6379'], '+OK'],
    [['REPLCONF', 'capa', 'eof', 'capa', 'psync2'], '+OK'],
  ] as const) {
    socket.write(command(...words));
    expect(String(await once(socket, 'data'))).toBe(`${answer}\r\n`);
  }
  socket.write(command('PSYNC', ...psync));
  return socket;
}

describe('a master for the moment that speaks TLS', () => {
  test('holds a replica, then sends it a dump', async () => {
    const { port, hold, synchronize } = await listen().then((listening) => ({
      port: listening.port,
      hold: listening.hold(OLD),
      synchronize: listening.synchronize.bind(listening),
    }));
    const held = await replicate(port, OLD, '1');
    await hold;
    expect(String(await once(held, 'data'))).toContain(`+CONTINUE ${OLD}\r\n`);
    const closed = once(held.resume(), 'close');

    const dump = Buffer.alloc(1024 * 1024, 'dump');
    const sent = synchronize({
      replicationId: NEW,
      sizeBytes: dump.length,
      dump: (async function* () {
        yield dump;
      })(),
      beforeLastBytes: async () => {},
      onSent: () => {},
      signal: new AbortController().signal,
    });
    await closed;
    const replica = await replicate(port, OLD, '15');
    const received: Buffer[] = [];
    replica.on('data', (bytes: Buffer) => received.push(bytes));
    await sent;
    await eventually(() => expect(Buffer.concat(received).indexOf('PING')).toBeGreaterThan(0));
    const head = `+FULLRESYNC ${NEW} 0\r\n$${dump.length}\r\n`;
    const bytes = Buffer.concat(received);
    expect(bytes.toString('latin1', 0, head.length)).toBe(head);
    expect(bytes.subarray(head.length, head.length + dump.length).equals(dump)).toBe(true);
    replica.destroy();
  });

  test('gives a client without TLS nothing, and one that does not trust it leaves', async () => {
    const { port } = await listen();
    const plain = connectPlain(port, '127.0.0.1');
    const answer = text(plain);
    plain.write(command('AUTH', PASSWORD));
    expect(await answer).not.toContain('OK');
    const stranger = connect({ port, host: '127.0.0.1', ca: makeCertificate().cert });
    await expect(once(stranger, 'secureConnect')).rejects.toThrow(/self-signed|certificate/);
    (await replicate(port, OLD, '1')).destroy();
  });

  test('freezes a real FalkorDB, and gives it other data', async () => {
    await using live = await startLiveServer({ config: { masterauth: PASSWORD } });
    await live.graph('new', 'CREATE (:Node)');
    const dump = await dumpOfServer(live);
    await live.client.flushall();
    await live.graph('old', 'CREATE (:Node)');
    const listening = await listen();
    await using tunnel = await plainBefore(listening.port, CERTIFICATE.cert);
    using db = await Database.connect(live.address);
    const { signal } = new AbortController();
    const addresses = [{ host: '127.0.0.1', port: tunnel.port }];
    await freeze(db, { master: listening, addresses, beforeReplication: async () => {}, signal });
    expect(await live.nodeCounts()).toEqual({ old: 1 });
    await listening.synchronize({
      replicationId: NEW,
      sizeBytes: dump.length,
      dump: (async function* () {
        yield dump;
      })(),
      beforeLastBytes: async () => {},
      onSent: () => {},
      signal,
    });
    await eventually(async () => expect(await live.info('master_replid')).toBe(NEW));
    expect(await live.nodeCounts()).toEqual({ new: 1 });
  });
});

describe('a certificate that cannot be used', () => {
  const other = makeCertificate();
  test.each([
    ['with the key of another', { cert: CERTIFICATE.cert, key: other.key }, /mismatch/i],
    ['that is no PEM', { cert: 'not at all', key: CERTIFICATE.key }, /./],
    ['without a key', { cert: CERTIFICATE.cert, key: CERTIFICATE.cert }, /./],
  ])('%s is named before anything is done', async (_, tls, why) => {
    const refusal = {
      code: 'invalid-settings',
      message: expect.stringMatching(/RESTORE_TLS_CERT_FILE and the key in RESTORE_TLS_KEY_FILE cannot be used: /),
      hint: expect.stringContaining('PEM'),
    };
    const failure = await listen(tls).catch((error: unknown) => error);
    expect(failure).toMatchObject(refusal);
    expect(String(failure)).toMatch(why);
    expect(String(failure)).not.toContain('PRIVATE');

    await using live = await startLiveServer();
    await using folder = await temporaryFolder();
    const store = new FileStore(folder.path);
    await backUp(live, store);
    const deps = restoreDeps(live, store, folder.path, { config: { replicationTls: tls } });
    await expect(planOf({}, deps)).rejects.toMatchObject(refusal);
  });
});
