import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Service } from '../service/port.ts';
import { Access } from './access.ts';
import { createApp } from './app.ts';
import { Connections } from './connections.ts';
import { EventHub } from './event-hub.ts';
import { EventStreams } from './event-streams.ts';
import { type ListenAddress, startListening, urlOf } from './listen.ts';
import type { LogBuffer } from './log-buffer.ts';
import { defaultPageFolder, readPageFiles } from './page-files.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { Views } from './views.ts';

/** Who is slower than this to say what it wants is not waited for. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CHECK_EVERY_MS = 5000;
const MAX_CONNECTIONS = 200;
/** So long requests at work may go on when the server is closed. */
const CLOSE_WITHIN_MS = 2000;

export interface WebServerOptions {
  service: Service;
  logs: LogBuffer;
  /** Port 0 for any free one. */
  listen: ListenAddress;
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
  const app = createApp(deps, { files, listenHost: listen.host });
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
  const connections = new Connections();
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    (request, response) => {
      if (!connections.admit(request, response)) return;
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      void Promise.resolve(answer(request, response)).then(() => connections.handedOver(response));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  await promise;
  clearTimeout(timer);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
