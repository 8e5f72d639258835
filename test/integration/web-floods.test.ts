import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogBuffer } from '../../agent/web/log-buffer.ts';
import { type Dashboard, sendBytes, startDashboard } from '../support/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { pausable } from '../support/pausable-store.ts';
import { ServedTargets, servedTarget } from '../support/served-targets.ts';

/* Nobody here has a token. No request is let through to a database: one that nobody has started is enough. */
const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };

let dashboard: Dashboard;

beforeEach(async () => {
  dashboard = await startDashboard(new ServedTargets([servedTarget({ address: NOWHERE }, new MemoryStore())]));
});

afterEach(() => dashboard.close());

const get = (path: string, version = '1.1', headers = '') =>
  `GET ${path} HTTP/${version}\r\nHost: localhost\r\n${headers}\r\n`;

describe('requests that are sent ahead', () => {
  test.each([
    ['of HTTP/1.1', get('/api/v1/logs?search=q')],
    ['of HTTP/1.0', get('/api/v1/logs?search=q', '1.0', 'Connection: keep-alive\r\n')],
    ['of health', get('/healthz')],
  ])('are not answered, and their connection is closed: %s', async (_, request) => {
    dashboard.log.info('a line');
    const answered = await sendBytes(dashboard.port, request.repeat(1000));
    expect(answered.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect((await dashboard.ask('/healthz')).status).toBe(200);
  });

  test('are not those that wait for their turn', async () => {
    const socket = connect(dashboard.port, '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    for (let turn = 1; turn <= 5; turn++) {
      socket.write(get('/api/v1/logs'));
      await eventually(() => expect(text.match(/"lines":/g)).toHaveLength(turn));
    }
    socket.destroy();
  });
});

describe('answers that nobody reads', () => {
  /** More than the system holds of it for both ends of a connection, which nobody counts here. */
  const BYTES = 15_000_000;

  test('are dropped where they are too many, and others are answered', async () => {
    await using own = await startDashboard(new ServedTargets([]), {}, new LogBuffer({ maxBytes: 200_000_000 }));
    for (let line = 0; line < 1000; line++) own.log.info({ data: 'y'.repeat(BYTES / 1000) }, `line ${line}`);
    const lazy = await Promise.all(Array.from({ length: 20 }, () => lazyReader(own.port)));
    expect((await own.ask('/healthz')).status).toBe(200);
    const { status, json } = await own.ask('/api/v1/logs?limit=1000');
    expect({ status, lines: json.lines.length }).toEqual({ status: 200, lines: 1000 });
    const got = await Promise.all(lazy.map(readAll));
    const whole = got.filter((bytes) => bytes > BYTES);
    expect(whole.length).toBeGreaterThan(0);
    expect(whole.length).toBeLessThanOrEqual(3);
  });

  /** Has asked, and was answered, but reads nothing of it. */
  async function lazyReader(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(get('/api/v1/logs?limit=1000', '1.1', 'Connection: close\r\n'));
    await new Promise((resolve) => socket.once('readable', resolve));
    return socket;
  }

  async function readAll(socket: Socket): Promise<number> {
    socket.resume();
    await eventually(() => expect(socket.closed).toBe(true));
    return socket.bytesRead;
  }
});

test('requests that wait for a store are so many at most, and health is answered all the same', async () => {
  const { store, resume } = pausable(new MemoryStore(), 1);
  await using own = await startDashboard(new ServedTargets([servedTarget({ address: NOWHERE }, store)]));
  const asked = Array.from({ length: 70 }, () => own.ask('/api/v1/backups'));
  const { status, headers, json } = await Promise.race(asked);
  expect({ status, code: json.error.code, after: headers['retry-after'] }).toEqual({
    status: 503,
    code: 'too-busy',
    after: '2',
  });
  expect((await own.ask('/healthz')).status).toBe(200);
  expect((await own.ask('/metrics')).status).toBe(200);
  resume();
  const statuses = (await Promise.all(asked)).map((answered) => answered.status);
  expect(statuses.filter((answered) => answered === 200)).toHaveLength(64);
  expect((await own.ask('/api/v1/backups')).status).toBe(200);
});
