import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Access } from '../../scenario/support/access.ts';
import { type ServiceServer, startServiceServer } from '../../scenario/support/service-server.ts';
import { Stack } from '../../scenario/support/stack.ts';
import { TopicsStandIn } from '../../scenario/support/topics.ts';
import { parseStatement } from '../../support/iam.ts';

const stack = new Stack({
  Resources: {
    Topic: { Type: 'AWS::SNS::Topic' },
    Mail: {
      Type: 'AWS::SNS::Subscription',
      Properties: { Protocol: 'email', TopicArn: { Ref: 'Topic' }, Endpoint: 'a@b' },
    },
  },
});
const { arn } = stack.only('AWS::SNS::Topic');

describe('a topic', () => {
  let topics: TopicsStandIn;
  let server: ServiceServer;
  let oddities: string[];
  beforeEach(async () => {
    const access = new Access();
    access.addCaller('notify', [parseStatement({ Effect: 'Allow', Action: 'sns:Publish', Resource: arn })], 'notify');
    access.addCaller('other', [], 'other');
    oddities = [];
    topics = new TopicsStandIn(stack, access);
    server = await startServiceServer(topics.operations, (error) => oddities.push(String(error)));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const publish = async (change: object = {}, role = 'notify') => {
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const client = new SNSClient({ endpoint: server.endpointOf(role), credentials, region: 'eu-central-1' });
    const MessageAttributes = { type: { DataType: 'String', StringValue: 'a & <b>' } };
    const input = { TopicArn: arn, Subject: 's', Message: 'm', MessageAttributes, ...change };
    try {
      return await client.send(new PublishCommand(input));
    } finally {
      client.destroy();
    }
  };

  test('takes what the SDK sends, for those who subscribe it', async () => {
    expect(await publish()).toMatchObject({ MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(topics.messages).toEqual([
      { by: 'notify', to: ['a@b'], subject: 's', text: 'm', attributes: { type: 'a & <b>' } },
    ]);
    expect(oddities).toEqual([]);
  });

  test('refuses whoever has no right', async () => {
    await expect(publish({}, 'other')).rejects.toMatchObject({ name: 'AuthorizationErrorException' });
    expect(topics.messages).toEqual([]);
    expect(oddities).toEqual([]);
  });

  test.each<[string, object]>([
    ['a subject of two lines', { Subject: 'a\nb' }],
    ['a long subject', { Subject: 'a'.repeat(100) }],
    ['an empty message', { Message: '' }],
    ['another topic', { TopicArn: `${arn}-other` }],
    ['a number as an attribute', { MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } }],
    ['what ours never send', { MessageStructure: 'json' }],
  ])('does not understand %s', async (_, change) => {
    await expect(publish(change)).rejects.toThrow();
    expect(oddities).toHaveLength(1);
    expect(topics.messages).toEqual([]);
  });
});
