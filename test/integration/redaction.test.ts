import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import { agentCommand, type CommandResult } from '../support/agent-command.ts';
import { EVENTS_SECRET, type EventBusServer, startEventBusServer } from '../support/event-bus-server.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { startService } from '../support/service-process.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { answer, type Reply, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const PASSWORD = 'zq-p@ssword:of/the-database';
const SECRETS = {
  url: 'zq-p@ss%of/the-url',
  wrong: 'zq-wrong-password',
  hookToken: 'zq-hook-token',
  hookQuery: 'zq-hook-query',
  hookUser: 'zq-hook-user',
  hookPassword: 'zq-hook-password',
  signing: 'zq-signing-secret',
  signingFile: 'zq-signing-secret-of-the-file',
  heartbeat: 'zq-heartbeat-token',
  accessKey: 'ZQACCESSKEYOFTHEBUCKET',
  secretKey: 'zq-secret-key-of-the-bucket',
  dashboard: 'zq-token-of-the-dashboard',
};
const ALL_SECRETS = [PASSWORD, EVENTS_SECRET, ...Object.values(SECRETS)].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
]);

let live: LiveServer;
let bus: EventBusServer;
let receiver: WebhookReceiver;
let refusing: WebhookReceiver;
let folder: TemporaryFolder;
let env: Record<string, string>;

/** As services do that show the request that they did not like, with all that came. */
const echo: Reply = (response) => {
  const { req } = response;
  response.writeHead(400).end(`${req.url} ${JSON.stringify(req.headers)}`.slice(1));
};

beforeAll(async () => {
  live = await startLiveServer({ password: PASSWORD });
  await live.graph('g', 'CREATE (:Node)');
  bus = await startEventBusServer();
  receiver = await startWebhookReceiver([answer(200)]);
  refusing = await startWebhookReceiver([echo]);
  folder = await temporaryFolder();
  const file = async (name: string, content: string) => {
    await writeFile(join(folder.path, name), content);
    return join(folder.path, name);
  };
  await mkdir(join(folder.path, 'logs'));
  env = {
    FALKORDB_URL: `redis://default:${encodeURIComponent(SECRETS.url)}@127.0.0.1:${live.server.port}`,
    FALKORDB_PASSWORD_FILE: await file('password', PASSWORD),
    BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
    BACKUP_STATE_DIR: join(folder.path, 'state'),
    BACKUP_SCRATCH_DIR: folder.path,
    BACKUP_LOG_LEVEL: 'debug',
    BACKUP_LOG_FILE: join(folder.path, 'logs', 'backup.log'),
    BACKUP_METRICS_FILE: join(folder.path, 'backup.prom'),
    BACKUP_NOTICES: 'all',
    BACKUP_WEBHOOK_URL: `${hookUrl(receiver)} ${hookUrl(refusing)}`,
    BACKUP_WEBHOOK_SECRET: SECRETS.signing,
    BACKUP_WEBHOOK_SECRET_FILE: await file('signing', SECRETS.signingFile),
    BACKUP_HEARTBEAT_URL: `http://127.0.0.1:${refusing.port}/ping/${SECRETS.heartbeat}`,
    BACKUP_EVENT_BUS: 'backups',
    S3_ACCESS_KEY: SECRETS.accessKey,
    S3_SECRET_KEY: SECRETS.secretKey,
    BACKUP_DASHBOARD_TOKEN: SECRETS.dashboard,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/tmp', '.cache'),
    ...bus.env,
  };
  await run('backup');
});
afterAll(async () => {
  for (const resource of [live, bus, receiver, refusing, folder]) await resource[Symbol.asyncDispose]();
});

function hookUrl({ port }: WebhookReceiver): string {
  const { hookUser, hookPassword, hookToken, hookQuery } = SECRETS;
  return `http://${hookUser}:${hookPassword}@127.0.0.1:${port}/services/${hookToken}?key=${hookQuery}`;
}

/** What is said, on every way out; all of it is looked at. */
async function run(words: string, more: Record<string, string> = {}): Promise<CommandResult> {
  const result = await agentCommand(words.split(' '), { env: { ...env, ...more } });
  await expectNoSecret(words, { stdout: result.stdout, stderr: result.stderr });
  return result;
}

/** @param said besides what is in files, and what receivers were sent */
async function expectNoSecret(words: string, said: Record<string, string>): Promise<void> {
  const told = {
    ...said,
    bus: bus.taken.map((event) => JSON.stringify(event)).join('\n'),
    posted: [receiver, refusing].flatMap(({ received }) => received.map(posted)).join('\n'),
    ...(await filesIn(join(folder.path, 'logs'))),
    ...(await filesIn(join(folder.path, 'store'))),
    ...(await filesIn(join(folder.path, 'state'))),
    ...(await filesIn(folder.path, /\.prom$/)),
  };
  for (const [where, text] of Object.entries(told))
    for (const secret of ALL_SECRETS) expect(text.includes(secret), `${secret} in ${where} of ${words}`).toBe(false);
}

/** Without the address and the credentials of the receiver, which were meant for it. */
function posted({ headers, body }: WebhookReceiver['received'][number]): string {
  const { authorization: _, ...others } = headers;
  return `${JSON.stringify(others)}\n${body}`;
}

async function filesIn(path: string, names = /./): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && names.test(entry.name));
  const texts = files.map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    return [file, await readFile(file, 'latin1')];
  });
  return Object.fromEntries(await Promise.all(texts));
}

test('every secret setting is set', () => {
  const settings: Setting[] = Object.values(SETTINGS);
  for (const { env: name, secret } of settings) if (secret) expect(env, name).toHaveProperty(name);
});

describe('no secret is told', () => {
  test.each([
    'backup --tier daily --verify --json',
    'backup --source replication',
    'restore latest --force --json',
    'verify --all --load',
    'prune --apply --json',
    'doctor --json',
    'show latest --state',
    'list --json',
    'status --json',
    'execute version=1 action=plan target=falkordb backup=latest run-id=20261122T023000Z-plan',
  ])('by %s', async (words) => {
    expect(await run(words)).toMatchObject({ exitCode: 0 });
  });

  test('by notify --test, though the receiver shows what it was sent', async () => {
    expect(await run('notify --test --json')).toMatchObject({ exitCode: 11, json: { failed: 1 } });
    expect(await run('notify --test')).toMatchObject({ exitCode: 11 });
  });

  test('by run, to those who know the token and to those who do not', async () => {
    await using service = await startService(env);
    const answers: Record<string, string> = {};
    for (const authorization of ['', `Bearer ${SECRETS.dashboard}`, `Bearer ${SECRETS.wrong}`]) {
      const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
      const ask = async (path: string, init?: RequestInit) => {
        const response = await fetch(`${service.url}${path}`, { ...init, headers });
        answers[`${path} ${authorization}`] = `${JSON.stringify([...response.headers])} ${await response.text()}`;
      };
      for (const path of ['/', '/healthz', '/readyz', '/metrics', '/api/v1/token']) await ask(path);
      for (const name of [
        'targets',
        'backups',
        'runs?limit=200',
        'logs?level=debug&limit=1000',
        'retention?target=falkordb',
      ])
        await ask(`/api/v1/${name}`);
      await ask('/api/v1/backups', { method: 'POST', body: JSON.stringify({ target: 'falkordb' }) });
    }
    service.process.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await service.ended;
    expect(exitCode).toBe(0);
    expect(answers[`/api/v1/backups Bearer ${SECRETS.dashboard}`]).toContain('runId');
    await expectNoSecret('run', { stdout, stderr, ...answers });
  });

  test('and that was no mistake of this test: all of it was there', async () => {
    const log = await readFile(join(folder.path, 'logs', 'backup.log'), 'utf8');
    expect(log).toContain('An event could not be told');
    const records = await filesIn(join(folder.path, 'store'), /^verdict/);
    expect(JSON.stringify(records)).toContain('heartbeat at http://127.0.0.1');
    expect(bus.taken.length).toBeGreaterThan(3);
    expect(receiver.received.map(({ path }) => path)).toContain(
      `/services/${SECRETS.hookToken}?key=${SECRETS.hookQuery}`,
    );
  });
});

describe('no secret is told where it fails:', () => {
  test('a wrong password', async () => {
    await writeFile(join(folder.path, 'wrong'), SECRETS.wrong);
    const more = { FALKORDB_PASSWORD_FILE: join(folder.path, 'wrong') };
    for (const words of ['backup --json', 'backup', 'restore latest --force'])
      expect(await run(words, more)).toMatchObject({ exitCode: 6 });
    expect(await run('doctor', more)).toMatchObject({ exitCode: 9 });
  });

  test('a server that cannot be reached', async () => {
    const more = { FALKORDB_URL: `redis://default:${encodeURIComponent(SECRETS.url)}@127.0.0.1:1` };
    for (const words of ['backup', 'restore latest --force --json'])
      expect(await run(words, more)).toMatchObject({ exitCode: 6 });
  });

  test('a server that shows what it was sent', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        socket.write(
          `-ERR unknown command 'AUTH', with args beginning with: ${bytes.toString().replaceAll(/\s+/g, ' ')}\r\n`,
        );
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const more = { FALKORDB_URL: `redis://default:x@127.0.0.1:${(server.address() as AddressInfo).port}` };
    for (const words of ['backup', 'doctor --json']) expect((await run(words, more)).exitCode).not.toBe(0);
    server.close();
  });

  test('a bucket that is denied, by a service that shows the key', async () => {
    const body = `<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>No ${SECRETS.accessKey} here</Message><AWSAccessKeyId>${SECRETS.accessKey}</AWSAccessKeyId></Error>`;
    await using service = await startWebhookReceiver([answer(403, { 'content-type': 'application/xml' }, body)]);
    const more = { BACKUP_STORE: 's3://bucket/prefix', S3_ENDPOINT: `http://127.0.0.1:${service.port}` };
    for (const words of ['backup --json', 'prune --apply', 'list'])
      expect(await run(words, more)).toMatchObject({ exitCode: 7 });
    expect(await run('doctor', more)).toMatchObject({ exitCode: 9 });
    expect(JSON.stringify(service.received)).toContain(SECRETS.accessKey);
  });

  test('a store that cannot be written', async () => {
    await writeFile(join(folder.path, 'file'), '');
    const more = { BACKUP_STORE: pathToFileURL(join(folder.path, 'file', 'store')).href };
    expect(await run('backup', more)).toMatchObject({ exitCode: 7 });
  });

  test('settings that are wrong', async () => {
    const more = {
      FALKORDB_URL: `http://default:${SECRETS.url}@db`,
      BACKUP_WEBHOOK_URL: `${hookUrl(receiver)} hooks/${SECRETS.hookToken}`,
      BACKUP_HEARTBEAT_URL: `hc-ping.com/${SECRETS.heartbeat}`,
      S3_ENDPOINT: `https://me:${SECRETS.secretKey}@ceph`,
      BACKUP_SOURCE: `redis://:${SECRETS.wrong}@db`,
      BACKUP_STORE: `s3://${SECRETS.accessKey}:${SECRETS.secretKey}@bucket`,
    };
    expect(await run('backup --json', more)).toMatchObject({ exitCode: 2 });
    expect(await run('list', { BACKUP_STORE: more.BACKUP_STORE })).toMatchObject({ exitCode: 2 });
    expect(await run(`backup --url redis://:${SECRETS.wrong}@db`.replace('backup', 'backup --json'))).toMatchObject({
      exitCode: 2,
    });
  });
});
