import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupEvent } from '../../core/model/events.ts';
import { encodeFunctionSettings } from '../../core/model/function-settings.ts';
import { type SnsServer, startSnsServer } from '../support/sns-server.ts';
import { type SsmAnswer, type SsmServer, startSsmServer } from '../support/ssm-server.ts';
import { exampleEvent } from '../support/webhook-events.ts';
import { answer, type Reply, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

/* The function as Lambda runs it, in a process of its own, with every service behind real HTTP. */

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:notices';
const PARAMETER = '/falkordb-backup/webhooks';
const SECRET = 'the-signing-secret';
const PATH = '/services/T000/B000/the-secret-path';
const EVENT_ID = 'backup-failed/prod/20261122T023000Z-a';

let sns: SnsServer;
let ssm: SsmServer;
let receiver: WebhookReceiver;
let bucket: { endpoint: string } & AsyncDisposable;
let replies: Reply[];
let parameter: () => SsmAnswer;
beforeEach(async () => {
  replies = [answer(204)];
  sns = await startSnsServer();
  ssm = await startSsmServer((operation) =>
    operation === 'GetParameter' ? parameter() : { error: 'AccessDeniedException' },
  );
  receiver = await startWebhookReceiver([
    (response) => (replies.length > 1 ? replies.shift() : replies[0])?.(response),
  ]);
  bucket = await startDenyingBucket();
  parameter = () => holding([{ url: urlOf(receiver), secret: SECRET }]);
});
afterEach(async () => {
  for (const server of [sns, ssm, receiver, bucket]) await server[Symbol.asyncDispose]();
});

const urlOf = ({ port }: WebhookReceiver) => `http://127.0.0.1:${port}${PATH}`;
const holding = (webhooks: object[]) => ({
  Parameter: { Name: PARAMETER, Type: 'SecureString', Value: JSON.stringify({ webhooks }) },
});

interface Run {
  /** Of each invocation: its answer, or the error that Lambda shows. */
  answers: { told?: string[]; name?: string; message?: string }[];
  /** All that it has logged. */
  log: string;
}

/** Several invocations in the same process, one after the other. */
async function invoke(events: BackupEvent[], { isPrivateAllowed = true } = {}): Promise<Run> {
  const inputs = events.map(({ type, detail }) => ({
    version: '0',
    id: '51c0891d-0e34-45b1-83d6-95db273d1602',
    source: 'falkordb.backup',
    'detail-type': type,
    detail,
  }));
  const script = `
    const { handler } = await import(${JSON.stringify(pathToFileURL('lambdas/notify/handler.ts').href)});
    const context = { functionName: 'notify', awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 };
    const answers = [];
    for (const input of ${JSON.stringify(inputs)})
      answers.push(await handler(input, context).catch(({ name, message }) => ({ name, message })));
    process.stdout.write('ANSWERS ' + JSON.stringify(answers) + '\\n', () => process.exit(0));`;
  const { all } = await execa(process.execPath, ['--input-type=module', '-e', script], {
    extendEnv: false,
    all: true,
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SNS: sns.endpoint,
      AWS_ENDPOINT_URL_SSM: ssm.endpoint,
      AWS_ENDPOINT_URL_S3: bucket.endpoint,
      ...encodeFunctionSettings({
        store: 's3://backups/falkordb',
        topicArn: TOPIC,
        webhooksParameter: PARAMETER,
        allowPrivateWebhooks: isPrivateAllowed,
        startBackupFunction: 'the-start',
        restoreFunction: 'the-restore',
      }),
    },
  });
  const [log = '', answers = ''] = all.split(/^ANSWERS /m);
  return { answers: JSON.parse(answers), log };
}

describe('the function notify', () => {
  it('tells a failure with its hint, by mail and by a signed webhook, though the store is closed to it', async () => {
    const { answers, log } = await invoke([exampleEvent()]);
    expect(answers).toEqual([
      { eventId: EVENT_ID, told: ['SNS topic notices', `webhook at http://127.0.0.1:${receiver.port}`] },
    ]);
    expect(sns.published).toEqual([
      {
        topicArn: TOPIC,
        subject: 'Backup Failed: prod daily (no-room)',
        message: expect.stringContaining('What to do: Free some, or set <BACKUP_SCRATCH_DIR>.'),
        attributes: { type: 'Backup Failed', target: 'prod', eventId: EVENT_ID },
      },
    ]);
    expect(sns.published[0]?.message).toMatch(/^Last good backup: unknown, as the store could not be read: /m);
    expect(sns.published[0]?.message).toContain('aws lambda invoke --region eu-west-1 --function-name the-restore');
    const [{ headers = {}, body = '', path } = {}] = receiver.received;
    expect([receiver.received.length, path]).toEqual([1, PATH]);
    expect(JSON.parse(body)).toEqual({ source: 'falkordb.backup', ...exampleEvent() });
    const signed = createHmac('sha256', SECRET).update(`${headers['x-falkordb-backup-timestamp']}.${body}`);
    expect(headers['x-falkordb-backup-signature']).toBe(`v1=${signed.digest('hex')}`);
    expect(headers['user-agent']).toMatch(/^falkordb-backup\/\d/);
    expect(ssm.requests).toEqual([{ operation: 'GetParameter', body: { Name: PARAMETER, WithDecryption: true } }]);
    expect(log).not.toMatch(/the-signing-secret|the-secret-path/);
  });

  it('tells each who wants it, and reads the parameter once', async () => {
    parameter = () => holding([{ url: urlOf(receiver), events: ['Backup Completed'], shape: 'slack' }]);
    await invoke([exampleEvent('Backup Completed'), exampleEvent(), exampleEvent('Backup Skipped')]);
    expect(sns.published.map(({ attributes }) => attributes.type)).toEqual(['Backup Failed']);
    expect(receiver.received.map(({ body }) => JSON.parse(body).text.split(':')[0])).toEqual(['Backup Completed']);
    expect(ssm.requests).toHaveLength(1);
  });

  it('tells the topic where the webhook refuses, fails, and repeats only what is missing', async () => {
    replies = [answer(410), answer(204)];
    const { answers, log } = await invoke([exampleEvent(), exampleEvent()]);
    expect(answers).toEqual([
      { name: 'not-delivered', message: expect.stringMatching(/^Only SNS topic notices could be told .*answered 410/) },
      { eventId: EVENT_ID, told: expect.arrayContaining(['SNS topic notices']) },
    ]);
    expect(sns.published).toHaveLength(1);
    expect(receiver.received.map(({ headers }) => headers['x-falkordb-backup-event-id'])).toEqual([EVENT_ID, EVENT_ID]);
    expect(log).toContain('A notice was not delivered');
    expect(log + JSON.stringify(answers)).not.toMatch(/the-signing-secret|the-secret-path/);
  });

  it('tells the webhook where the topic refuses, and does not repeat what SNS says of it', async () => {
    sns.refuse = () => ({ code: 'AuthorizationError', status: 403 });
    const { answers } = await invoke([exampleEvent()]);
    expect(receiver.received).toHaveLength(1);
    expect(answers).toEqual([
      {
        name: 'not-delivered',
        message: expect.stringMatching(
          /The SNS topic notices did not take "Backup Failed" of prod: AuthorizationError(Exception)?, HTTP 403\. .*sns:Publish/,
        ),
      },
    ]);
    expect(JSON.stringify(answers)).not.toContain('It was:');
    expect(sns.calls).toBe(1);
  });

  it('tries again where the topic was only busy', async () => {
    sns.refuse = (call) => (call === 1 ? { code: 'InternalError', status: 500 } : undefined);
    const { answers } = await invoke([exampleEvent()]);
    expect(answers).toEqual([{ eventId: EVENT_ID, told: expect.arrayContaining(['SNS topic notices']) }]);
    expect(sns.calls).toBe(2);
  });

  it.each([
    [{ error: 'ParameterNotFound' }, /Cannot read the parameter .*: ParameterNotFound.*SecureString/],
    [{ error: 'AccessDeniedException' }, /AccessDeniedException.*kms:Decrypt/],
    [{ Parameter: { Value: '{"webhooks":"the-signing-secret"}' } }, /The parameter .* is wrong: webhooks \(/],
  ])('tells the topic where the parameter is no help: %j', async (given, message) => {
    parameter = () => given;
    const { answers, log } = await invoke([exampleEvent()]);
    expect(answers).toEqual([{ name: 'not-delivered', message: expect.stringMatching(message) }]);
    expect(log + JSON.stringify(answers)).not.toContain('the-signing-secret');
    expect(sns.published).toHaveLength(1);
  });

  it('does not wait for a webhook longer than its invocation may last', async () => {
    replies = [answer(503, { 'retry-after': '21' }), answer(204)];
    const { answers } = await invoke([exampleEvent()]);
    expect(answers).toEqual([{ name: 'not-delivered', message: expect.stringContaining('(tried once)') }]);
    expect(receiver.received).toHaveLength(1);
  });

  it('is not led into its own network unless it may be', async () => {
    const { answers } = await invoke([exampleEvent()], { isPrivateAllowed: false });
    expect(answers).toEqual([
      { name: 'not-delivered', message: expect.stringContaining('127.0.0.1 is a private address') },
    ]);
    expect([receiver.received.length, sns.published.length]).toEqual([0, 1]);
  });
});

/** Of a role that lacks all rights. */
async function startDenyingBucket(): Promise<{ endpoint: string } & AsyncDisposable> {
  const server = createServer((_, response) => {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
