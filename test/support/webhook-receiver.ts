import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Certificate } from '../../agent/falkordb/master/certificate.ts';

export interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** How a request is answered; one that does nothing lets it hang. */
export type Reply = (response: ServerResponse) => void;

export interface WebhookReceiver extends AsyncDisposable {
  port: number;
  /** In order. */
  received: Received[];
}

export function answer(status: number, headers: Record<string, string> = {}, body = ''): Reply {
  return (response) => response.writeHead(status, headers).end(body);
}

export const hang: Reply = () => {};

/** What no client that did not ask for it expects: another protocol from here on. The connection stays. */
export const switchProtocols: Reply = (response) => {
  response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
};

/** A real server on 127.0.0.1 that answers the first request by the first reply, and so on; the last one stays. */
export async function startWebhookReceiver(replies: Reply[], tls?: Certificate): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const listener: RequestListener = async (request, response) => {
    const { method, url: path, headers } = request;
    const reply = replies[Math.min(received.length, replies.length - 1)];
    received.push({ method, path, headers, body: await text(request) });
    reply?.(response);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
