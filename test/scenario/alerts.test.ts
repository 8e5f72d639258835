import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { s3Missing } from '../support/s3/bucket.ts';
import { answer, type Received, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { MAIL, WEBHOOKS_PARAMETER } from './support/configuration.ts';
import type { BusEvent } from './support/event-shapes.ts';
import { PAYLOADS } from './support/payloads.ts';
import { answerOf, type Scene, startScene, TAG } from './support/scene.ts';
import { statusEvent } from './support/ssm-shapes.ts';

const SECRET = 'a secret that both of us know';
const RUN_ID = '20261122T101500Z-manual';
const EVENT_ID = `backup-failed/other/${RUN_ID}`;
const HINT = 'Check that it runs, and host, port and rediss:// or redis:// in FALKORDB_URL.';

describe.skipIf(s3Missing)('a backup that fails', () => {
  let scene: Scene;
  let receiver: WebhookReceiver;
  /** What the agent has told of it. */
  let failed: BusEvent;
  beforeAll(async () => {
    scene = await startScene();
    receiver = await startWebhookReceiver([answer(200)]);
    const { cloud } = scene;
    // No FalkorDB is there.
    const containers = { other: { FALKORDB_URL: 'redis://127.0.0.1:1' } };
    await cloud.addHost({ instanceId: 'i-0fedcba9876543210', tags: { [TAG]: 'other' }, containers });
  });
  beforeEach(() => {
    scene.cloud.forget();
    scene.cloud.lambda.queues.clear();
    scene.cloud.lambda.asyncInvocations.length = 0;
    receiver.received.length = 0;
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  const webhookAt = ({ port }: WebhookReceiver) => ({ url: `http://127.0.0.1:${port}/backups`, secret: SECRET });
  const idsOf = ({ received }: WebhookReceiver) => received.map(({ headers }) => headers['x-falkordb-backup-event-id']);
  const idsOfMails = () =>
    scene.cloud.topics.messages.flatMap(({ by, attributes }) => (by === 'notify' ? [attributes.eventId] : []));
  const objects = async () => {
    const found: unknown[] = [];
    for await (const object of scene.store.list('')) found.push(object);
    return found;
  };
  const deliver = async (...events: BusEvent[]) => {
    for (const event of events) scene.cloud.bus.emit('default', event);
    await scene.cloud.settled();
  };
  const deadLetters = () => [...scene.cloud.lambda.queues.values()].flat();

  test('reaches people and webhooks, with what to do about it', async () => {
    const { cloud } = scene;
    cloud.keepWebhooks([webhookAt(receiver)]);
    answerOf(await cloud.invoke('start-backup', { ...PAYLOADS.backup, targets: ['other'] }));
    await cloud.settled();
    const told = cloud.bus.told.filter((event) => event['detail-type'] === 'Backup Failed');
    const detail = { eventId: EVENT_ID, target: 'other', tier: 'manual', runId: RUN_ID, hint: HINT };
    const [first] = told;
    if (!first) throw new Error('Nothing was told');
    failed = first;
    for (const event of told) expect(event).toMatchObject({ by: 'agent of other', detail });
    expect(new Set(idsOfMails())).toEqual(new Set([EVENT_ID]));
    const [mail] = cloud.topics.messages;
    expect(mail).toMatchObject({
      ...{ by: 'notify', to: [MAIL], subject: 'Backup Failed: other manual (database-unreachable)' },
      attributes: { type: 'Backup Failed', target: 'other', eventId: EVENT_ID },
    });
    expect(mail?.text).toMatch(/^Backup Failed: other\n\nBackup .* failed: FalkorDB at redis:.* cannot be reached/);
    expect(mail?.text).toContain(`\nWhat to do: ${HINT}\n`);
    expect(mail?.text).toMatch(/^Last good backup: none/m);

    expect(new Set(idsOf(receiver))).toEqual(new Set([EVENT_ID]));
    const [posted] = receiver.received;
    expect(JSON.parse(posted?.body ?? '')).toMatchObject({ type: 'Backup Failed', detail });
    for (const each of receiver.received) expectSigned(each);
  });

  test('is told under the same id however often, whatever SSM says of it, and in whatever order', async () => {
    const { cloud } = scene;
    const [command] = cloud.ssm.commands;
    if (!command) throw new Error('Nothing was sent');
    const before = await objects();
    for (const status of ['TimedOut', 'Success', 'Failed', 'InProgress', 'Failed'] as const) {
      cloud.bus.emit('default', statusEvent({ ...command, status }, cloud.document));
      await deliver({ ...failed, id: status });
    }
    expect(idsOfMails()).toEqual(Array(5).fill(EVENT_ID));
    expect(idsOf(receiver)).toEqual(Array(5).fill(EVENT_ID));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(await objects()).toEqual(before);
    expect(cloud.bus.told).toEqual([]);
    expect(deadLetters()).toEqual([]);
  });

  test('reaches everybody else where a webhook does not work, and that one later', async () => {
    const { cloud } = scene;
    const busy = answer(503, { 'retry-after': '3600' });
    await using broken = await startWebhookReceiver([busy, busy, busy, answer(204)]);
    cloud.keepWebhooks([webhookAt(broken), webhookAt(receiver)]);
    await deliver(failed);
    expect(cloud.lambda.asyncInvocations.map(({ name }) => name)).toEqual(['notify']);
    const attempts = cloud.lambda.asyncInvocations.flatMap((invocation) => invocation.attempts);
    expect(attempts.map(({ error }) => error?.errorType)).toEqual(Array(3).fill('not-delivered'));
    expect(attempts[0]?.error?.errorMessage).toContain(`http://127.0.0.1:${broken.port} did not take`);
    expect(new Set(idsOfMails())).toEqual(new Set([EVENT_ID]));
    expect(new Set(idsOf(receiver))).toEqual(new Set([EVENT_ID]));
    expect(deadLetters()).toEqual([failed]);
    expect(cloud.topics.messages).toContainEqual(
      expect.objectContaining({
        by: 'cloudwatch.amazonaws.com',
        to: [MAIL],
        subject: expect.stringMatching('DeadLetters'),
      }),
    );
    // A person sends it again.
    const [letter] = deadLetters();
    expect(answerOf(await cloud.invoke('notify', letter)).told).toContain(`webhook at http://127.0.0.1:${broken.port}`);
    expect(idsOf(broken)).toEqual(Array(4).fill(EVENT_ID));
  });

  test('reaches people where nobody can tell which webhooks there are', async () => {
    const { cloud } = scene;
    cloud.parameters.secureStrings.delete(WEBHOOKS_PARAMETER);
    await deliver(failed);
    expect(new Set(idsOfMails())).toEqual(new Set([EVENT_ID]));
    expect(deadLetters()).toEqual([failed]);
    const [{ attempts } = { attempts: [] }] = cloud.lambda.asyncInvocations;
    expect(attempts[0]?.error?.errorMessage).toMatch(/\/falkordb-backup\/webhooks.*Create it as a SecureString/);
    expect(receiver.received).toEqual([]);
  });
});

/** As docs/webhooks.md tells receivers to. */
function expectSigned({ headers, body }: Received): void {
  const timestamp = Number(headers['x-falkordb-backup-timestamp']);
  expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(300);
  const code = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
  expect(headers['x-falkordb-backup-signature']).toBe(`v1=${code}`);
}
