import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { Address } from '../../../../agent/falkordb/address.ts';
import { type IncomingBytes, openConnection } from '../../../../agent/falkordb/incoming-bytes.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import { eventually } from '../../../support/eventually.ts';

const CERTIFICATE = makeCertificate();
const BYTES = randomBytes(5_000_001);
const HOST = '127.0.0.1';

let server: Server | undefined;
let incoming: IncomingBytes | undefined;
const accepted: Socket[] = [];
afterEach(async () => {
  incoming?.socket.destroy();
  for (const socket of accepted.splice(0)) socket.destroy();
  const closed = server && once(server, 'close');
  server?.close();
  await closed;
  server = undefined;
});

/** A server that does this with each client, and a connection to it. */
async function connected(tls: boolean, serve: (socket: Socket) => void): Promise<IncomingBytes> {
  server = tls ? createTlsServer(CERTIFICATE) : createServer();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    accepted.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const address: Address = { host: HOST, port, tls, username: undefined, password: undefined, ca: CERTIFICATE.cert };
  incoming = openConnection(address);
  return incoming;
}

async function all(from: IncomingBytes, meanwhile: () => Promise<unknown> = async () => {}): Promise<Buffer> {
  const found: Buffer[] = [];
  for (let chunk = await from.next(); chunk; chunk = await from.next()) {
    await meanwhile();
    found.push(Buffer.from(chunk));
  }
  return Buffer.concat(found);
}

describe.each([
  ['plain', false],
  ['TLS', true],
])('%s', (_, tls) => {
  it('gives all bytes, then that there are no more', async () => {
    const from = await connected(tls, (socket) => socket.end(BYTES));
    expect((await all(from)).equals(BYTES)).toBe(true);
    expect(await from.next()).toBeUndefined();
  });

  it('leaves a chunk alone while its consumer works on it', async () => {
    const from = await connected(tls, (socket) => socket.end(BYTES));
    expect((await all(from, () => setTimeout(2))).equals(BYTES)).toBe(true);
  });

  it('holds up a sender that nobody listens to', async () => {
    const sent = randomBytes(64_000_000);
    const from = await connected(tls, (socket) => void socket.write(sent));
    await from.next();
    const [socket] = accepted;
    let left = -1;
    await eventually(() => {
      const before = left;
      left = socket?.writableLength ?? 0;
      expect(left).toBe(before);
    }, 200);
    expect(left).toBeGreaterThan(0);
  });

  it('says that the other side has hung up, also where it does so while nobody asks', async () => {
    const from = await connected(tls, (socket) => socket.end('last words'));
    await once(from.socket, tls ? 'secureConnect' : 'connect');
    await setTimeout(50);
    expect(String(await from.next())).toBe('last words');
    expect(await from.next()).toBeUndefined();
  });

  it('throws what it was destroyed with', async () => {
    const from = await connected(tls, () => {});
    const error = new Error('silence');
    const waiting = from.next();
    from.socket.destroy(error);
    await expect(waiting).rejects.toBe(error);
  });
});

it('throws that nobody listens', async () => {
  const unused = createServer().listen(0, HOST);
  await once(unused, 'listening');
  const { port } = unused.address() as { port: number };
  unused.close();
  await once(unused, 'close');
  incoming = openConnection({ host: HOST, port, tls: false, username: undefined, password: undefined, ca: undefined });
  await expect(incoming.next()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
