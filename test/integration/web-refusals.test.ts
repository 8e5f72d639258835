import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { DASHBOARD_TOKEN, type Dashboard, sendBytes, startDashboard } from '../support/dashboard.ts';
import { ServedTargets, servedTarget } from '../support/served-targets.ts';
import { storeBackup } from '../support/stored-backups.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/* No request here is let through to a database: one that nobody has started is enough. */
const NOWHERE = { host: '127.0.0.1', port: 1, username: undefined, password: undefined, tls: false, ca: undefined };
const RIGHT = { authorization: `Bearer ${DASHBOARD_TOKEN}`, 'content-type': 'application/json' };

let folder: TemporaryFolder;
let store: ObjectStore;
let service: ServedTargets;
let dashboard: Dashboard;
let backupId: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  store = openStore(pathToFileURL(join(folder.path, 'store')).href);
  backupId = await storeBackup(store, 'falkordb', 'daily', new Date('2026-01-01T02:30:00Z'));
  service = new ServedTargets([servedTarget({ address: NOWHERE }, store)]);
  dashboard = await startDashboard(service);
});

afterAll(async () => {
  await dashboard.close();
  await folder[Symbol.asyncDispose]();
});

const refusal = (code: string) => ({
  error: { code, message: expect.any(String), hint: expect.toSatisfy((hint) => hint === null || hint.length > 0) },
});

describe('who acts', () => {
  const actions = (): [method: string, path: string, body: unknown][] => [
    ['POST', '/api/v1/backups', { target: 'falkordb' }],
    ['POST', `/api/v1/backups/${backupId}/verify`, {}],
    ['POST', `/api/v1/backups/${backupId}/pin`, {}],
    ['DELETE', `/api/v1/backups/${backupId}/pin`, {}],
  ];

  test('needs the token', async () => {
    for (const [method, path, body] of actions()) {
      for (const authorization of [
        '',
        'Bearer',
        'Bearer x',
        `Bearer ${DASHBOARD_TOKEN}x`,
        `Basic ${DASHBOARD_TOKEN}`,
      ]) {
        await using own = await startDashboard(service);
        const { status, headers, json } = await own.act(method, path, body, { authorization });
        expect({ status, json }).toEqual({ status: 401, json: refusal('unauthorized') });
        expect(headers['www-authenticate']).toMatch(/^Bearer /);
      }
    }
    expect(service.activities()).toEqual([]);
  });

  test('cannot, where no token is set', async () => {
    await using readOnly = await startDashboard(service, { token: undefined });
    for (const [method, path, body] of actions()) {
      const { status, json } = await readOnly.act(method, path, body);
      expect({ status, json }).toEqual({ status: 403, json: refusal('read-only') });
      expect(json.error.hint).toContain('BACKUP_DASHBOARD_TOKEN');
    }
    expect((await readOnly.ask('/api/v1/targets')).json.canAct).toBe(false);
    expect((await readOnly.ask('/api/v1/token', { headers: RIGHT })).status).toBe(403);
  });

  test('can ask whether a token is the right one', async () => {
    expect((await dashboard.ask('/api/v1/token', { headers: RIGHT })).status).toBe(204);
    expect((await dashboard.ask('/api/v1/token')).status).toBe(401);
  });

  test('is another site', async () => {
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${dashboard.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const [method, path, body] of actions()) {
      for (const headers of foreign) {
        expect(await dashboard.act(method, path, body, headers)).toMatchObject({
          status: 403,
          json: refusal('foreign-origin'),
        });
      }
    }
    const own = { origin: dashboard.url, 'sec-fetch-site': 'same-origin' };
    expect((await dashboard.act('POST', '/api/v1/backups', { target: 'nobody' }, own)).status).toBe(404);
  });

  test('is another site that has a browser ask for what costs much', async () => {
    for (const path of ['/api/v1/retention', `/api/v1/backups/${backupId}/plan`]) {
      const { status, json } = await dashboard.ask(path, { headers: { 'sec-fetch-site': 'cross-site' } });
      expect({ status, json }).toEqual({ status: 403, json: refusal('foreign-origin') });
      const own = { headers: { 'sec-fetch-site': 'same-origin' } };
      expect((await dashboard.ask(path, own)).status, path).not.toBe(403);
    }
  });

  test('is another site than the one that a proxy has it on', async () => {
    const publicUrl = new URL('https://backups.example.com');
    await using proxied = await startDashboard(service, { publicUrl });
    const through = (origin: string) => ({ host: publicUrl.host, origin, 'sec-fetch-site': 'same-origin' });
    const post = (headers: Record<string, string>) =>
      proxied.act('POST', '/api/v1/backups', { target: 'nobody' }, headers);
    expect((await post(through(publicUrl.origin))).status).toBe(404);
    expect((await post({ origin: publicUrl.origin })).status).toBe(404);
    expect(await post(through('http://backups.example.com:1'))).toMatchObject({ status: 403 });
    expect(await post({ ...through(publicUrl.origin), host: 'evil.example' })).toMatchObject({
      status: 421,
      json: refusal('wrong-host'),
    });
  });

  test('sends no JSON', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      for (const [method, path, body] of actions()) {
        expect(await dashboard.act(method, path, body, { 'content-type': type })).toMatchObject({
          status: 415,
          json: refusal('unsupported-media-type'),
        });
      }
    }
    const { json, status } = await dashboard.ask('/api/v1/backups', {
      method: 'POST',
      headers: RIGHT,
      body: '{"target',
    });
    expect({ status, json }).toEqual({ status: 400, json: refusal('bad-request') });
  });

  test('sends what is not asked for', async () => {
    const sent: [path: string, body: unknown, problem: RegExp][] = [
      ['/api/v1/backups', {}, /target/],
      ['/api/v1/backups', { target: 'UPPER' }, /target/],
      ['/api/v1/backups', { target: 'falkordb', tier: 'daily' }, /tier/],
      ['/api/v1/backups', [], /object/],
      [`/api/v1/backups/${backupId}/verify`, { load: 'yes' }, /load/],
      [`/api/v1/backups/${backupId}/pin`, { note: 'x'.repeat(1001) }, /note/],
      [`/api/v1/backups/${backupId}/pin?force=true`, {}, /force/],
    ];
    for (const [path, body, problem] of sent) {
      const { status, json } = await dashboard.act('POST', path, body);
      expect({ status, json }).toEqual({ status: 400, json: refusal('bad-request') });
      expect(json.error.message).toMatch(problem);
    }
  });

  test('sends far too much, whether it says so or not', async () => {
    const large = { note: 'x'.repeat(17_000) };
    const path = `/api/v1/backups/${backupId}/pin`;
    expect(await dashboard.act('POST', path, large)).toMatchObject({ status: 413, json: refusal('too-large') });
    const chunked = { ...RIGHT, 'transfer-encoding': 'chunked' };
    const body = JSON.stringify(large);
    expect(await dashboard.ask(path, { method: 'POST', headers: chunked, body })).toMatchObject({ status: 413 });
  });

  test('guesses', async () => {
    await using own = await startDashboard(service);
    const guess = (token: string) => own.ask('/api/v1/token', { headers: { authorization: `Bearer ${token}` } });
    for (let attempt = 0; attempt < 10; attempt++) expect((await guess(`wrong-${attempt}`)).status).toBe(401);
    const { status, headers, json } = await guess('wrong-11');
    expect({ status, json }).toEqual({ status: 429, json: refusal('too-many-requests') });
    expect(Number(headers['retry-after'])).toBeGreaterThan(30);
    // Else the right one would be told apart.
    expect((await guess(DASHBOARD_TOKEN)).status).toBe(429);
    expect((await own.act('POST', '/api/v1/backups', { target: 'falkordb' })).status).toBe(429);
    expect((await own.ask('/api/v1/targets')).status).toBe(200);
  });

  test('acts too often', async () => {
    await using own = await startDashboard(service);
    const statuses: number[] = [];
    for (let action = 0; action < 31; action++) {
      statuses.push((await own.act('POST', '/api/v1/backups', { target: 'nobody' })).status);
    }
    expect(statuses).toEqual([...Array<number>(30).fill(404), 429]);
  });
});

describe('what is not there', () => {
  const OTHERS = '20260101T023000Z-somebody-daily';

  test.each([
    '/api/v1/nothing',
    '/api/v1',
    '/api/v1/backups/latest',
    `/api/v1/backups/${OTHERS}`,
    `/api/v1/backups/${OTHERS}/plan`,
    '/api/v1/backups/20260102T023000Z-falkordb-daily',
    '/api/v1/backups/20260102T023000Z-falkordb-daily/plan',
    '/api/v1/backups?target=nobody',
    '/api/v1/runs?target=nobody',
    '/api/v1/logs?target=nobody',
    '/api/v1/retention?target=nobody',
    '/api/v1/backups/..%2f..%2fpasswd',
  ])('is said to be so, as JSON: %s', async (path) => {
    const { status, json } = await dashboard.ask(path);
    expect(status).toBe(404);
    expect(json.error.code).toMatch(/^(not-found|backup-not-found)$/);
  });

  test('is not acted upon', async () => {
    const missing = '20260102T023000Z-falkordb-daily';
    expect(await dashboard.act('POST', '/api/v1/backups', { target: 'nobody' })).toMatchObject({ status: 404 });
    expect(await dashboard.act('POST', `/api/v1/backups/${missing}/verify`, {})).toMatchObject({ status: 404 });
    expect(await dashboard.act('POST', `/api/v1/backups/${missing}/pin`, {})).toMatchObject({ status: 404 });
  });

  test.each(['20260102T023000Z-falkordb-daily', 'latest'])(
    'is the same for whatever asks for a backup: %s',
    async (id) => {
      const path = `/api/v1/backups/${id}`;
      const answers = await Promise.all([
        dashboard.ask(path),
        dashboard.ask(`${path}/plan`),
        dashboard.act('POST', `${path}/verify`, {}),
        dashboard.act('POST', `${path}/pin`, {}),
        dashboard.act('DELETE', `${path}/pin`, {}),
      ]);
      for (const { status, json } of answers) {
        expect({ status, json }).toEqual({ status: 404, json: refusal('backup-not-found') });
        expect(json.error.hint).toEqual(expect.any(String));
      }
    },
  );

  test.each(['OPTIONS', 'PUT', 'PATCH', 'PROPFIND', 'TRACE'])('is answered to %s', async (method) => {
    const { status, headers } = await dashboard.ask('/api/v1/backups', { method });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD, POST, DELETE' });
  });

  test('is answered to what a route does not take', async () => {
    expect(await dashboard.act('DELETE', '/api/v1/backups', {})).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, POST' },
      json: refusal('method-not-allowed'),
    });
    expect(await dashboard.act('POST', '/api/v1/targets', {})).toMatchObject({ status: 405 });
  });
});

test('a question that is wrong in several ways is told all of them', async () => {
  const { status, json } = await dashboard.ask(
    '/api/v1/backups?limit=201&tier=hourly&before=x&target=UPPER&colour=red&search=a&search=b',
  );
  expect(status).toBe(400);
  for (const name of ['limit', 'tier', 'before', 'target', 'colour', 'search is given twice'])
    expect(json.error.message).toContain(name);
  for (const path of [
    '/api/v1/targets?x=1',
    '/api/v1/runs?before=x',
    '/api/v1/runs?limit=1e3',
    '/api/v1/logs?level=loud',
    '/api/v1/logs?limit=1001',
    '/api/v1/events?logs=maybe',
    `/api/v1/backups/${backupId}?x=1`,
  ])
    expect((await dashboard.ask(path)).status, path).toBe(400);
});

test('a target has to be named where there are several', async () => {
  const served = ['falkordb', 'other'].map((target) => servedTarget({ address: NOWHERE }, store, { target }));
  await using several = await startDashboard(new ServedTargets(served));
  const { status, json } = await several.ask('/api/v1/retention');
  expect({ status, message: json.error.message }).toEqual({
    status: 400,
    message: expect.stringContaining('falkordb, other'),
  });
  expect((await dashboard.ask('/api/v1/retention')).status).toBe(200);
});

describe('the name that a browser asks for', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8090', 'evil.', '127.1', 'a b', '::1'])(
    'is none of ours: "%s"',
    async (host) => {
      const { status, json } = await dashboard.ask('/api/v1/targets', { headers: { host } });
      expect([400, 421]).toContain(status);
      if (status === 421) expect(json).toEqual(refusal('wrong-host'));
      expect((await dashboard.ask('/', { headers: { host } })).status).toBe(status);
    },
  );

  // Those of a compose network have no dot.
  const OURS = [
    'localhost',
    'LOCALHOST:1',
    '127.0.0.1:8090',
    '10.0.0.1',
    '[::1]:8090',
    '[FD00::7]',
    'falkordb-backup:8090',
  ];
  test.each(OURS)('is one of ours: %s', async (host) => {
    expect((await dashboard.ask('/api/v1/targets', { headers: { host } })).status).toBe(200);
  });

  test('is looked at wherever it listens: what a container listens on is published elsewhere', async () => {
    await using open = await startDashboard(service, { listen: { host: '0.0.0.0', port: 0 } });
    const ask = async (host: string, path: string) => (await open.ask(path, { headers: { host } })).status;
    for (const path of ['/', '/api/v1/targets', '/api/v1/logs', '/api/v1/events', '/readyz', '/nowhere']) {
      expect(await ask('rebound.example:8090', path), path).toBe(421);
    }
    expect(await ask('falkordb-backup:8090', '/readyz')).not.toBe(421);
    // Monitors may know it by any name.
    for (const path of ['/healthz', '/metrics']) expect(await ask('db-1.example:8090', path), path).toBe(200);
  });

  test('is that by which people open it, as it is set', async () => {
    const url = new URL('http://backups.example:81');
    const askAs = async (own: Dashboard, host: string) => (await own.ask('/api/v1/logs', { headers: { host } })).status;
    await using named = await startDashboard(service, { publicUrl: url });
    expect([await askAs(named, 'backups.example:81'), await askAs(named, 'Backups.Example:81')]).toEqual([200, 200]);
    expect([await askAs(named, 'backups.example'), await askAs(named, 'x.backups.example:81')]).toEqual([421, 421]);
  });
});

describe('what is hardly HTTP', () => {
  const head = (lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
  const LAST = ['Host: localhost', 'Connection: close'];

  test.each([
    ['garbage', 'garbage\r\n\r\n', 400],
    ['a huge header', head(['GET / HTTP/1.1', ...LAST, `X-Huge: ${'x'.repeat(17_000)}`]), 431],
    ['a huge path', head([`GET /${'x'.repeat(17_000)} HTTP/1.1`, ...LAST]), 431],
    ['no host', head(['GET /healthz HTTP/1.1', 'Connection: close']), 400],
    ['an empty host', head(['GET /healthz HTTP/1.1', 'Host:', 'Connection: close']), 400],
    ['an older HTTP without a host', head(['GET /healthz HTTP/1.0']), 400],
    ['two lengths', head(['POST /api/v1/backups HTTP/1.1', ...LAST, 'Content-Length: 2', 'Content-Length: 9']), 400],
    [
      'a length and chunks',
      head(['POST /api/v1/backups HTTP/1.1', ...LAST, 'Content-Length: 2', 'Transfer-Encoding: chunked']),
      400,
    ],
    ['a blank in a header name', head(['GET /healthz HTTP/1.1', ...LAST, 'X-A : b']), 400],
    ['a backslash', head(['GET /\\..\\package.json HTTP/1.1', ...LAST]), 400],
    ['the way up', head(['GET /../../package.json HTTP/1.1', ...LAST]), 404],
    ['the way up, encoded', head(['GET /%2e%2e/%2e%2e/package.json HTTP/1.1', ...LAST]), 404],
    ['the way up, half encoded', head(['GET /page.js/..%2f..%2fpackage.json HTTP/1.1', ...LAST]), 404],
    ['bytes that are no text', head(['GET /api/v1/backups/%ff%fe HTTP/1.1', ...LAST]), 404],
    ['a zero byte, encoded', head(['GET /index.html%00 HTTP/1.1', ...LAST]), 404],
    ['a whole URL', head(['GET http://localhost/healthz HTTP/1.1', ...LAST]), 200],
    [
      'an upgrade',
      head(['GET /healthz HTTP/1.1', 'Host: localhost', 'Connection: close, upgrade', 'Upgrade: h2c']),
      200,
    ],
  ])('%s', async (_, bytes, status) => {
    const [line, ...rest] = (await sendBytes(dashboard.port, bytes)).split('\r\n');
    expect(line).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(rest.join('\n')).not.toContain('"license"');
  });

  test('leaves the server as it was', async () => {
    expect((await dashboard.ask('/healthz')).status).toBe(200);
    expect(dashboard.logs.query({ level: 'error', limit: 9 })).toEqual([]);
  });
});

describe('the page', () => {
  test('is served from the built files, and nothing else is', async () => {
    await using built = await temporaryFolder();
    await mkdir(built.path, { recursive: true });
    const files = { 'index.html': '<!doctype html>', 'page.js': '1;', 'page.css': 'a{}', 'other.js': '2;' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(built.path, name), text);
    await using own = await startDashboard(service, { pageFolder: built.path });
    const page = await own.ask('/');
    expect(page).toMatchObject({ status: 200, text: '<!doctype html>' });
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    expect((await own.ask('/page.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect((await own.ask('/page.css')).headers['content-type']).toBe('text/css; charset=utf-8');
    for (const path of ['/other.js', '/index.html', '/favicon.svg', '/page.js/']) {
      expect(await own.ask(path), path).toMatchObject({ status: 404, json: undefined });
    }
    const known = { headers: { 'if-none-match': String(page.headers.etag) } };
    expect(await own.ask('/', known)).toMatchObject({ status: 304, text: '', headers: { etag: page.headers.etag } });
    expect((await own.ask('/page.js', known)).status).toBe(200);
    expect((await own.act('POST', '/', {})).status).toBe(404);
  });

  test('says how to build it', async () => {
    expect(await dashboard.ask('/')).toMatchObject({ status: 503, text: expect.stringContaining('npm run build') });
  });
});

describe('an address that it cannot listen on', () => {
  test.each([
    ['a port in use', () => ({ host: '127.0.0.1', port: dashboard.port }), 'the port is in use (EADDRINUSE)'],
    ['an address of another machine', () => ({ host: '192.0.2.1', port: 0 }), 'no such address (EADDRNOTAVAIL)'],
  ])('%s', async (_, listen, why) => {
    const { listeners } = service;
    await expect(startDashboard(service, { listen: listen() })).rejects.toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining(why),
      hint: expect.stringContaining('BACKUP_LISTEN'),
    });
    expect(service.listeners).toBe(listeners);
  });
});
