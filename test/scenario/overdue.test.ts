import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { s3Missing } from '../support/s3/bucket.ts';
import { answer, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { MAIL } from './support/configuration.ts';
import type { BusEvent } from './support/event-shapes.ts';
import { TARGET } from './support/payloads.ts';
import { answerOf, type Scene, startScene } from './support/scene.ts';

const DAY_MS = 24 * 3600 * 1000;
/** The next time that it is 06:00 UTC: nothing comes due soon, and no reminder. */
const DEPLOYED_AT = new Date(Math.ceil((Date.now() - DAY_MS / 4) / DAY_MS) * DAY_MS + DAY_MS / 4);
const A_DAY_LATER = new Date(DEPLOYED_AT.getTime() + DAY_MS);
/** Of that morning. */
const DUE = `${A_DAY_LATER.toISOString().slice(0, 10).replaceAll('-', '')}T023000Z`;

describe.skipIf(s3Missing)('a schedule that never runs', () => {
  let scene: Scene;
  let receiver: WebhookReceiver;
  /** What was told of it so far. */
  const events: BusEvent[] = [];
  beforeAll(async () => {
    [scene, receiver] = await Promise.all([startScene(), startWebhookReceiver([answer(200)])]);
    scene.cloud.keepWebhooks([{ url: `http://127.0.0.1:${receiver.port}` }]);
  });
  beforeEach(() => {
    scene.cloud.forget();
    receiver.received.length = 0;
  });
  afterEach(() => events.push(...toldOfDaily()));
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  /** The watchdog, by its schedule. */
  const look = async (times = 1) => {
    for (let time = 0; time < times; time++) scene.cloud.due('watchdog', new Date());
    await scene.cloud.settled();
    for (const { name, attempts } of scene.cloud.lambda.asyncInvocations.splice(0))
      expect([name, attempts.map(({ error }) => error)]).toEqual([name, [undefined]]);
  };
  const toldOfDaily = () =>
    scene.cloud.bus.told.filter(({ detail }) => detail.target === TARGET && detail.tier === 'daily');
  const mailsOfDaily = () => scene.cloud.topics.messages.filter(({ subject }) => subject.includes(`: ${TARGET} daily`));
  const alarms = () => scene.cloud.topics.messages.filter(({ by }) => by === 'cloudwatch.amazonaws.com');

  test('is not missed on the day that the stack is deployed', async () => {
    scene.cloud.setClock(DEPLOYED_AT);
    await look();
    expect(scene.cloud.bus.told).toEqual([]);
    expect(scene.cloud.topics.messages).toEqual([]);
  });

  test('is told of a day later: by mail, by webhook, and by an alarm', async () => {
    scene.cloud.setClock(A_DAY_LATER);
    await look();
    const eventId = `backup-overdue/graphiti-prod/daily-${DUE}`;
    expect(toldOfDaily()).toMatchObject([
      { 'detail-type': 'Backup Overdue', by: 'watchdog', detail: { eventId, hint: expect.stringContaining('doctor') } },
    ]);
    expect(mailsOfDaily()).toMatchObject([
      { to: [MAIL], subject: `Backup Overdue: ${TARGET} daily`, attributes: { eventId } },
    ]);
    expect(receiver.received.map(({ body }) => JSON.parse(body))).toContainEqual(
      expect.objectContaining({ type: 'Backup Overdue', detail: expect.objectContaining({ eventId, tier: 'daily' }) }),
    );
    expect(alarms()).toMatchObject([{ to: [MAIL], text: expect.stringContaining('docs/alarms.md#overdue') }]);
  });

  test('is told of no more by any other look of that day', async () => {
    await look(2);
    await look();
    expect(scene.cloud.bus.told).toEqual([]);
    expect(scene.cloud.topics.messages).toEqual([]);
  });

  test('has recovered, once, with the backup that the mail has a command for', async () => {
    const { cloud } = scene;
    const [overdue] = events;
    await deliver(overdue);
    await runFrom(mailsOfDaily()[0]?.text ?? '');
    cloud.forget();
    await look();
    await look(2);
    expect(toldOfDaily()).toMatchObject([
      {
        'detail-type': 'Backup Recovered',
        by: 'watchdog',
        detail: {
          eventId: `backup-recovered/graphiti-prod/daily-${DUE}`,
          backupId: expect.stringMatching(/-graphiti-prod-daily$/),
        },
      },
    ]);
    expect(mailsOfDaily()).toMatchObject([{ subject: `Backup Recovered: ${TARGET} daily` }]);
  });

  test('stays so whatever is told of it twice, and in whatever order', async () => {
    expect(events.map((event) => event['detail-type'])).toEqual(['Backup Overdue', 'Backup Recovered']);
    await deliver(...events.toReversed(), ...events);
    const ids = mailsOfDaily().map(({ attributes }) => attributes.eventId);
    expect(ids.toSorted()).toEqual([...events, ...events].map(({ detail }) => detail.eventId).toSorted());
    await look();
    expect(toldOfDaily()).toEqual([]);
  });

  const deliver = async (...given: (BusEvent | undefined)[]) => {
    for (const event of given) scene.cloud.bus.emit('default', event);
    await scene.cloud.settled();
  };

  /** What the mail tells people to type for a backup. */
  async function runFrom(mail: string): Promise<void> {
    const [, name, payload = ''] = /a backup now:\n.* --function-name (\S+) .*--payload '([^']*)'/.exec(mail) ?? [];
    expect(name).toBe(scene.cloud.stack.output('StartBackupFunction'));
    const { targets } = answerOf(await scene.cloud.invoke('start-backup', JSON.parse(payload)));
    expect(targets).toMatchObject([{ target: TARGET, outcome: 'sent' }]);
    await scene.cloud.settled();
  }
});
