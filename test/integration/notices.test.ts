import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FileStore } from '../../core/store/file-store.ts';
import { agentCommand } from '../support/agent-command.ts';
import { nextRunId, runsOf } from '../support/backups.ts';
import { startEventBusServer } from '../support/event-bus-server.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import {
  answer,
  type Received,
  startWebhookReceiver,
  switchProtocols,
  type WebhookReceiver,
} from '../support/webhook-receiver.ts';

const SECRET = 'the-shared-secret';
const OK = answer(200);
/** Not tried again. */
const GONE = answer(410);
const UNREACHABLE = { FALKORDB_URL: 'redis://127.0.0.1:1' };

let live: LiveServer;
let folder: TemporaryFolder;
let root: string;
let receiver: WebhookReceiver;

beforeAll(async () => {
  live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
});
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'store');
  receiver = await startWebhookReceiver([OK]);
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const urlOf = ({ port }: WebhookReceiver, path = '/hook/t0ken') => `http://127.0.0.1:${port}${path}`;
const agent = (args: string[], env: Record<string, string> = {}) =>
  agentCommand([...args, '--json'], {
    env: {
      FALKORDB_URL: live.server.url,
      BACKUP_STORE: pathToFileURL(root).href,
      BACKUP_STATE_DIR: join(folder.path, 'state'),
      ...env,
    },
  });
const toReceiver = (env: Record<string, string> = {}) => ({ BACKUP_WEBHOOK_URL: urlOf(receiver), ...env });
const typesOf = ({ received }: WebhookReceiver) => received.map(({ body }) => JSON.parse(body).type);
const undelivered = async () =>
  (await runsOf(new FileStore(root))).flatMap(({ verdicts }) => verdicts).map((verdict) => verdict.undelivered);

/** As docs/webhooks.md tells receivers to check it. */
function isGenuine({ headers, body }: Received, secret: string): boolean {
  const stamp = String(headers['x-falkordb-backup-timestamp']);
  const digest = createHmac('sha256', secret).update(`${stamp}.${body}`).digest('hex');
  return headers['x-falkordb-backup-signature'] === `v1=${digest}`;
}

describe('a webhook', () => {
  test('is told of a backup that failed, signed, with what to do', async () => {
    const secretFile = join(folder.path, 'secret');
    await writeFile(secretFile, `${SECRET}\n`);
    const runId = nextRunId();
    const env = toReceiver({ ...UNREACHABLE, BACKUP_WEBHOOK_SECRET_FILE: secretFile });
    const { exitCode, json } = await agent(['backup', '--tier', 'daily', '--run-id', runId], env);
    expect(exitCode).toBe(6);
    const [told, ...others] = receiver.received;
    expect(others).toEqual([]);
    const { code, hint } = json.error;
    expect(JSON.parse(told?.body ?? '')).toMatchObject({
      type: 'Backup Failed',
      source: 'falkordb.backup',
      detail: { runId, tier: 'daily', target: 'falkordb', hint, failure: { code } },
    });
    expect(hint).toMatch(/FALKORDB_URL/);
    expect(told?.headers['user-agent']).toMatch(/^falkordb-backup\/\d/);
    expect(told && isGenuine(told, SECRET)).toBe(true);
  });

  test('is not told of a backup that was made, but where it is to be', async () => {
    expect(await agent(['backup'], toReceiver())).toMatchObject({ exitCode: 0 });
    expect(receiver.received).toEqual([]);
    expect(await agent(['backup'], toReceiver({ BACKUP_NOTICES: 'all' }))).toMatchObject({ exitCode: 0 });
    expect(typesOf(receiver)).toEqual(['Backup Completed']);
    expect(await agent(['backup', '--notices', 'prune-failed'], toReceiver(UNREACHABLE))).toMatchObject({
      exitCode: 6,
    });
    expect(receiver.received).toHaveLength(1);
  });

  test('gets a message for Slack where it is to', async () => {
    await agent(['backup'], toReceiver({ ...UNREACHABLE, BACKUP_WEBHOOK_SHAPE: 'slack' }));
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      text: expect.stringContaining('Backup Failed: falkordb'),
      blocks: expect.any(Array),
    });
  });

  test('that refuses keeps nothing from another, fails no backup, and is recorded with what to do', async () => {
    await using gone = await startWebhookReceiver([GONE]);
    const env = { BACKUP_WEBHOOK_URL: `${urlOf(gone)}\n ${urlOf(receiver)}`, BACKUP_NOTICES: 'all' };
    const { exitCode, stderr } = await agent(['backup'], env);
    expect(exitCode).toBe(0);
    expect(typesOf(receiver)).toEqual(['Backup Completed']);
    const sink = `webhook at http://127.0.0.1:${gone.port}`;
    const entry = {
      sink,
      error: expect.stringContaining('answered 410'),
      hint: expect.stringContaining('set its URL'),
    };
    expect(await undelivered()).toEqual([[entry]]);
    expect(stderr).toContain(sink);
    expect(stderr + JSON.stringify(await undelivered())).not.toContain('t0ken');
  });

  test('that wants to speak another protocol ends no run without its verdict', async () => {
    await using other = await startWebhookReceiver([switchProtocols]);
    const env = { ...UNREACHABLE, BACKUP_WEBHOOK_URL: urlOf(other), BACKUP_HEARTBEAT_URL: urlOf(other) };
    expect(await agent(['backup'], env)).toMatchObject({ exitCode: 6 });
    const [{ verdicts = [] } = {}] = await runsOf(new FileStore(root));
    const error = expect.stringContaining('answered 101');
    expect(verdicts).toMatchObject([{ verdict: 'failed', undelivered: [{ error }, { error }] }]);
  });

  test('is told of a restore that the functions on AWS asked for', async () => {
    await agent(['backup']);
    const words = ['version=1', 'action=restore', 'target=falkordb', 'backup=latest', `run-id=${nextRunId()}`];
    expect(await agent(['execute', ...words, 'options=unproven'], toReceiver())).toMatchObject({ exitCode: 0 });
    expect(typesOf(receiver)).toEqual(['Restore Started', 'Restore Completed']);
  });

  test('is told of damage, and of a prune that failed', async () => {
    const { json } = await agent(['backup']);
    await writeFile(join(root, json.stored.key), 'damaged');
    expect(await agent(['verify'], toReceiver())).toMatchObject({ exitCode: 4 });
    await new FileStore(root).put('locks/falkordb.json', new TextEncoder().encode('no lease'));
    expect(await agent(['prune', '--apply'], toReceiver())).toMatchObject({ exitCode: 4 });
    expect(typesOf(receiver)).toEqual(['Verification Failed', 'Prune Failed']);
  });
});

describe('the heartbeat', () => {
  const beating = (env: Record<string, string> = {}) => ({
    BACKUP_HEARTBEAT_URL: urlOf(receiver, '/ping/t0ken'),
    ...env,
  });
  const paths = () => receiver.received.map(({ path }) => path);

  test('comes after each backup that was made or not needed, and nothing else', async () => {
    for (let time = 0; time < 2; time++)
      expect(await agent(['backup', '--tier', 'snapshot'], beating())).toMatchObject({ exitCode: 0 });
    expect(paths()).toEqual(['/ping/t0ken', '/ping/t0ken']);
    expect(receiver.received[0]?.body).toMatch(/^Backup \S+-falkordb-snapshot is complete/);
    expect(receiver.received[1]?.body).toContain('nothing was written');
    const restored = await agent(['restore', 'latest', '--force', '--unproven'], beating());
    expect(restored).toMatchObject({ exitCode: 0, json: { safetyBackupId: expect.stringMatching(/pre-restore$/) } });
    for (const args of [['verify'], ['prune', '--apply'], ['list'], ['doctor']]) await agent(args, beating());
    expect(paths()).toHaveLength(2);
  });

  test('says that a backup failed, and why', async () => {
    const { json } = await agent(['backup'], beating(UNREACHABLE));
    expect(paths()).toEqual(['/ping/t0ken/fail']);
    expect(receiver.received[0]?.body).toContain(`${json.error.message}\n${json.error.hint}`);
  });

  test('that nobody takes fails no backup, and is recorded and logged without its URL', async () => {
    await using gone = await startWebhookReceiver([GONE]);
    const { exitCode, stderr } = await agent(['backup'], { BACKUP_HEARTBEAT_URL: urlOf(gone) });
    expect(exitCode).toBe(0);
    expect(gone.received).toHaveLength(1);
    const sink = `heartbeat at http://127.0.0.1:${gone.port}`;
    expect(await undelivered()).toMatchObject([
      [{ sink, error: expect.stringContaining('did not take the heartbeat') }],
    ]);
    expect(stderr).toContain('An event could not be told');
    expect(stderr + JSON.stringify(await undelivered())).not.toContain('t0ken');
  });
});

describe('notify --test', () => {
  test('tells everybody who is told of something, and pings nothing', async () => {
    await using bus = await startEventBusServer();
    await using monitor = await startWebhookReceiver([OK]);
    await using slack = await startWebhookReceiver([OK]);
    const { exitCode, json } = await agent(['notify', '--test', '--target', 'shop'], {
      ...bus.env,
      ...UNREACHABLE,
      BACKUP_EVENT_BUS: 'backups',
      BACKUP_WEBHOOK_URL: `${urlOf(receiver)} ${urlOf(slack)}`,
      BACKUP_NOTICES: 'prune-failed',
      BACKUP_HEARTBEAT_URL: urlOf(monitor),
    });
    expect(exitCode).toBe(0);
    const eventId = expect.stringMatching(/^test-notice\/shop\/\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    expect(json).toEqual({
      status: 'delivered',
      target: 'shop',
      eventId,
      failed: 0,
      sinks: [
        'EventBridge bus backups',
        `webhook at ${new URL(urlOf(receiver)).origin}`,
        `webhook at ${new URL(urlOf(slack)).origin}`,
      ].map((sink) => ({ sink, status: 'delivered', error: null })),
    });
    expect(bus.taken).toMatchObject([{ type: 'Test Notice', detail: { target: 'shop', eventId: json.eventId } }]);
    for (const each of [receiver, slack]) expect(typesOf(each)).toEqual(['Test Notice']);
    expect(monitor.received).toEqual([]);
    await expect(readFile(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('says which of two could not be told, and what to do', async () => {
    const gone = await startWebhookReceiver([OK]);
    await gone[Symbol.asyncDispose]();
    const env = { BACKUP_WEBHOOK_URL: `${urlOf(gone)} ${urlOf(receiver)}` };
    const began = performance.now();
    const { exitCode, json } = await agent(['notify', '--test'], env);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(exitCode).toBe(11);
    const error = {
      code: 'not-delivered',
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('host name and port'),
      retryable: true,
    };
    expect(json).toMatchObject({
      status: 'not-delivered',
      failed: 1,
      sinks: [
        { sink: `webhook at http://127.0.0.1:${gone.port}`, status: 'failed', error },
        { status: 'delivered', error: null },
      ],
    });
    expect(typesOf(receiver)).toEqual(['Test Notice']);
  });

  test('says it for people, too', async () => {
    await using gone = await startWebhookReceiver([GONE]);
    const env = { BACKUP_STORE: 'file:///nowhere', BACKUP_WEBHOOK_URL: `${urlOf(gone)} ${urlOf(receiver)}` };
    const { exitCode, stdout } = await agentCommand(['notify', '--test'], { env });
    expect(exitCode).toBe(11);
    const [failed, message, hint, delivered, sum] = stdout.split('\n');
    expect(failed).toBe(`FAILED     webhook at http://127.0.0.1:${gone.port}`);
    expect(message).toContain('answered 410');
    expect(hint).toMatch(/^ {2}hint: /);
    expect(delivered).toBe(`delivered  webhook at http://127.0.0.1:${receiver.port}`);
    expect(sum).toBe('1 delivered, 1 failed.');
  });

  test('ends with what failed where the other end wants to speak another protocol', async () => {
    await using other = await startWebhookReceiver([switchProtocols]);
    const { exitCode, json } = await agent(['notify', '--test'], { BACKUP_WEBHOOK_URL: urlOf(other) });
    expect(exitCode).toBe(11);
    expect(json.sinks).toMatchObject([{ status: 'failed', error: { message: expect.stringContaining('101') } }]);
  });

  test('is a mistake where there is nobody to tell', async () => {
    const { exitCode, json } = await agent(['notify', '--test'], { BACKUP_HEARTBEAT_URL: urlOf(receiver) });
    expect(exitCode).toBe(2);
    expect(json.error).toMatchObject({ code: 'invalid-settings', hint: expect.stringContaining('BACKUP_WEBHOOK_URL') });
    expect(receiver.received).toEqual([]);
  });
});
