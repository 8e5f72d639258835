import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface FarLink extends AsyncDisposable {
  port: number;
}

/** A port that leads to another one of this host, over which each answer, and each hang-up, comes so much later. */
export async function openFarLink(toPort: number, answerAfterMs: number): Promise<FarLink> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true });
    client.pipe(upstream);
    let last = Promise.resolve();
    const later = (act: () => void) => {
      const due = setTimeout(answerAfterMs);
      last = last.then(() => due).then(act);
    };
    upstream.on('data', (bytes) => later(() => void client.write(bytes)));
    upstream.on('end', () => later(() => void client.end()));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      // Its own user is told by the connection.
      socket.on('error', () => other.destroy());
      socket.on('close', () => open.delete(socket));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
