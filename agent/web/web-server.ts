import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import type { Service } from '../service/port.ts';
import { Access } from './access.ts';
import { createApp } from './app.ts';
import { EventHub } from './event-hub.ts';
import { EventStreams } from './event-streams.ts';
import type { LogBuffer } from './log-buffer.ts';
import { isLoopback } from './own-requests.ts';
import { defaultPageFolder, readPageFiles } from './page-files.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { Views } from './views.ts';

/** Who is slower than this to say what it wants is not waited for. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CHECK_EVERY_MS = 5000;
const MAX_CONNECTIONS = 500;
/** So long requests at work may go on when the server is closed. */
const CLOSE_WITHIN_MS = 2000;

export interface WebServerOptions {
  service: Service;
  logs: LogBuffer;
  /** Port 0 for any free one. */
  listen: { host: string; port: number };
  /** Who knows it may act; undefined where nobody may. */
  token: string | undefined;
  /** Where a proxy has it; undefined where there is none. */
  publicUrl?: URL | undefined;
  refreshSeconds: number;
  log: Logger;
  now: () => Date;
  /** In the text format of Prometheus. */
  metrics: () => Promise<string>;
  /** Of the built files of the page; by default where the build puts them. */
  pageFolder?: string;
}

export interface WebServer {
  url: string;
  /** Ends streams at once, and what is being answered within two seconds. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Serves the dashboard, its API, health and metrics.
 * @throws invalid-settings where it cannot listen there
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { service, logs, listen, token, publicUrl, refreshSeconds, log, now, metrics } = options;
  const files = readPageFiles(options.pageFolder ?? defaultPageFolder());
  const views = new Views(service, now);
  const hub = new EventHub(service, logs);
  const streams = new EventStreams(hub, logs);
  const access = new Access(token);
  const deps = { service, views, access, logs, streams, publicUrl, refreshSeconds, log, now, metrics };
  const app = createApp(deps, { files, isLocal: isLoopback(listen.host) });
  const server = createHttpServer(app.fetch);
  const release = () => {
    streams.close();
    hub.close();
    views.close();
  };
  try {
    const port = await startListening(server, listen);
    server.on('error', (error) => log.error({ err: error }, 'The server of the dashboard has failed'));
    const closing = once(async () => {
      release();
      await closeServer(server);
    });
    return { url: urlOf(listen.host, port), close: closing };
  } catch (error) {
    release();
    throw error;
  }
}

function createHttpServer(fetch: Parameters<typeof getRequestListener>[0]): Server {
  // The adapter would put classes of its own in the place of the global Request and Response.
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    (request, response) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      void answer(request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function startListening(server: Server, { host, port }: WebServerOptions['listen']): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const onError = (cause: unknown) => reject(cannotListen(host, port, cause));
  server.once('error', onError);
  server.listen(port, host, () => {
    server.off('error', onError);
    resolve((server.address() as AddressInfo).port);
  });
  return promise;
}

function cannotListen(host: string, port: number, cause: unknown): BackupError {
  const code = systemErrorCode(cause);
  const why: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no host of that name',
    EAI_AGAIN: 'there is no host of that name',
    EACCES: 'this user may not use that port',
  };
  const reason = why[code ?? ''] ?? 'the system refused it';
  return new BackupError('invalid-settings', `Cannot listen on ${hostAndPort(host, port)}: ${reason} (${code}).`, {
    hint: 'Set BACKUP_LISTEN to an address of this machine and a free port, such as 127.0.0.1:8090.',
    cause,
  });
}

async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  await promise;
  clearTimeout(timer);
}

function urlOf(host: string, port: number): string {
  return `http://${hostAndPort(host, port)}`;
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
