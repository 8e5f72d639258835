import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { errorFields } from '../../agent/logging/error-fields.ts';
import type { Service } from '../../agent/service/port.ts';
import { LogBuffer } from '../../agent/web/log-buffer.ts';
import { startWebServer, type WebServerOptions } from '../../agent/web/web-server.ts';

export const DASHBOARD_TOKEN = 'zq-token-of-the-dashboard';

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Of one that is JSON; undefined else. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  json: any;
}

export interface RequestInit {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Dashboard extends AsyncDisposable {
  url: string;
  port: number;
  logs: LogBuffer;
  log: pino.Logger;
  ask(path: string, init?: RequestInit): Promise<Answered>;
  /** As the page acts: with the token and JSON. */
  act(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  /** All that was answered to `ask` and `act` so far. */
  answers: string[];
  close(): Promise<void>;
}

/** The HTTP server of a service, on a free port of this machine. */
export async function startDashboard(
  service: Service,
  options: Partial<WebServerOptions> = {},
  logs = new LogBuffer(),
): Promise<Dashboard> {
  const log = pino(
    {
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorFields },
      formatters: { level: (level: string) => ({ level }) },
    },
    logs,
  );
  const { url, close } = await startWebServer({
    service,
    logs,
    listen: { host: '127.0.0.1', port: 0 },
    token: DASHBOARD_TOKEN,
    refreshSeconds: 60,
    log,
    now: () => new Date(),
    metrics: async () => '# the metrics\n',
    pageFolder: '/nonexistent',
    ...options,
  });
  const port = Number(new URL(url).port);
  const answers: string[] = [];
  const ask = async (path: string, init: RequestInit = {}) => {
    const answered = await send(port, path, init);
    answers.push(JSON.stringify(answered.headers), answered.text);
    return answered;
  };
  const act: Dashboard['act'] = (method, path, body, headers = {}) => {
    const ours = { authorization: `Bearer ${DASHBOARD_TOKEN}`, 'content-type': 'application/json' };
    return ask(path, {
      method,
      headers: { ...ours, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return { url, port, logs, log, ask, act, answers, close, [Symbol.asyncDispose]: close };
}

/** Each on a connection of its own, with just these headers, and the path as it is. */
async function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: RequestInit,
): Promise<Answered> {
  const isFramed = body === undefined || 'transfer-encoding' in headers;
  const framing = isFramed ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = { host: '127.0.0.1', port, path, method, headers: { ...framing, ...headers }, agent: false };
  const request = httpRequest(options);
  request.end(body);
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
}

/** What comes back for bytes that need not be HTTP, until the server hangs up. */
export async function sendBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  // The server may hang up before all was sent.
  socket.on('error', () => {});
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
