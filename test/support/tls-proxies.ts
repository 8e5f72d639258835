import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { Certificate } from '../../agent/falkordb/master/certificate.ts';

const HOST = '127.0.0.1';

/** Listens on 127.0.0.1; what it takes and its connections are gone when it goes out of scope. */
export interface Proxy extends AsyncDisposable {
  port: number;
}

export interface TlsProxy extends Proxy {
  /** By clients so far; undefined where one gave no name. */
  namesAskedFor(): Set<string | undefined>;
}

/** Speaks TLS with clients, and plainly with the server at `port`: FalkorDB from npm is built without TLS. */
export async function tlsBefore(port: number, certificate: Certificate): Promise<TlsProxy> {
  const names = new Set<string | undefined>();
  const server = createTlsServer(certificate);
  server.on('secureConnection', ({ servername }) => names.add(servername || undefined));
  return { ...(await proxy(server, 'secureConnection', () => connect(port, HOST))), namesAskedFor: () => names };
}

/** Speaks plainly with clients, and TLS with the server at `port`, whose certificate must be `ca`. */
export function plainBefore(port: number, ca: string): Promise<Proxy> {
  return proxy(createServer(), 'connection', () => connectTls({ port, host: HOST, ca }));
}

async function proxy(server: Server, event: string, open: () => Socket): Promise<Proxy> {
  const sockets = new Set<Socket>();
  server.on(event, (client: Socket) => {
    const upstream = open();
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      // What breaks one side ends the other.
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
