import { Logger } from '@aws-lambda-powertools/logger';
import { beforeEach, describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import type { BackupEvent } from '../../../../core/model/events.ts';
import { type NotifyDeps, notify } from '../../../../lambdas/notify/notify.ts';
import { ToldBefore } from '../../../../lambdas/notify/told-before.ts';
import { RecordingSink } from '../../../support/recording-sink.ts';
import { exampleEvent } from '../../../support/webhook-events.ts';

const EVENT_ID = 'backup-failed/prod/20261122T023000Z-a';

let topic: RecordingSink;
let webhooks: [RecordingSink, RecordingSink];
let all: [RecordingSink, RecordingSink, RecordingSink];
let deps: NotifyDeps;
beforeEach(() => {
  topic = new RecordingSink();
  webhooks = [new RecordingSink(), new RecordingSink()];
  all = [...webhooks, new RecordingSink()];
  const log = new Logger({ logLevel: 'SILENT' });
  deps = { topic, webhooks: async () => keyed(webhooks), toldBefore: new ToldBefore(), log };
});

const keyed = (sinks: RecordingSink[]) => sinks.map((sink) => ({ key: `webhook ${all.indexOf(sink)}`, sink }));

/** As EventBridge hands it to a function. */
function delivered({ type, detail }: BackupEvent = exampleEvent()) {
  return {
    version: '0',
    id: '51c0891d-0e34-45b1-83d6-95db273d1602',
    'detail-type': type,
    source: 'falkordb.backup',
    account: '123456789012',
    time: '2026-11-22T02:31:00Z',
    region: 'eu-central-1',
    resources: [],
    detail,
  };
}

describe('notify', () => {
  it('tells topic and webhooks of the event as it is', async () => {
    expect(await notify(delivered(), deps)).toEqual({
      eventId: EVENT_ID,
      told: ['recording sink', 'recording sink', 'recording sink'],
    });
    for (const sink of [topic, ...webhooks]) expect(sink.events).toEqual([exampleEvent()]);
  });

  it.each([0, 1])('tells the others where webhook %i is down, says so, and tells only that one again', async (down) => {
    const sink = webhooks[down === 0 ? 0 : 1];
    sink.isDown = true;
    await expect(notify(delivered(), deps)).rejects.toMatchObject({
      code: 'not-delivered',
      message: `Only recording sink, recording sink could be told of "Backup Failed" of prod (${EVENT_ID}). The sink is down.`,
      retryable: true,
    });
    sink.isDown = false;
    await notify(delivered(), deps);
    for (const each of [topic, ...webhooks]) expect(each.told).toEqual([EVENT_ID]);
  });

  it('tells the webhooks where the topic is away, and the topic where nobody knows the webhooks', async () => {
    topic.isDown = true;
    await expect(notify(delivered(), deps)).rejects.toMatchObject({ code: 'not-delivered' });
    expect(webhooks.map(({ told }) => told)).toEqual([[EVENT_ID], [EVENT_ID]]);
    topic.isDown = false;
    const unknown = async () => {
      throw new BackupError('invalid-settings', 'The parameter is wrong.', { hint: 'Mend it.' });
    };
    await expect(notify(delivered(), { ...deps, webhooks: unknown })).rejects.toMatchObject({
      message: expect.stringContaining('The parameter is wrong.'),
      hint: 'Mend it.',
      retryable: false,
    });
    expect(topic.told).toEqual([EVENT_ID]);
  });

  it('tells a webhook that came between, though the others have moved', async () => {
    webhooks[1].isDown = true;
    await expect(notify(delivered(), deps)).rejects.toMatchObject({ code: 'not-delivered' });
    webhooks[1].isDown = false;
    const [first, second, added] = all;
    await notify(delivered(), { ...deps, webhooks: async () => keyed([added, second, first]) });
    for (const each of [first, second, added]) expect(each.told).toEqual([EVENT_ID]);
  });

  it('says that nobody was told', async () => {
    for (const sink of [topic, ...webhooks]) sink.isDown = true;
    await expect(notify(delivered(), deps)).rejects.toThrow(/^Nobody was told of "Backup Failed" of prod/);
  });

  it('tells a double nobody, and another event everybody', async () => {
    await Promise.all([notify(delivered(), deps), notify(delivered(), deps)]);
    await notify(delivered(), deps);
    expect(new Set(topic.told)).toEqual(new Set([EVENT_ID]));
    const calls = topic.told.length;
    await notify(delivered(), deps);
    expect(topic.told).toHaveLength(calls);
    await notify(delivered(exampleEvent('Backup Recovered')), deps);
    expect(topic.told.at(-1)).toMatch(/^backup-recovered/);
  });

  it.each([
    ['another source', { source: 'aws.ssm' }],
    ['a type that it does not know', { 'detail-type': 'Backup Dreamt' }],
    ['a detail of a newer version', { detail: { ...exampleEvent().detail, schemaVersion: 2 } }],
    ['a target that is none', { detail: { ...exampleEvent().detail, target: "x'; rm -rf /" } }],
  ])('throws at %s: it must not be lost in silence', async (_, part) => {
    await expect(notify({ ...delivered(), ...part }, deps)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(topic.told).toEqual([]);
  });
});
