import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Access } from './access.ts';
import { topicPolicy } from './resource-policies.ts';
import { type Operation, ServiceError } from './service-server.ts';
import type { Stack } from './stack.ts';

/* SNS: Publish to a topic of the template, by its API reference, as far as ours goes. */

const MAX_MESSAGE_BYTES = 262_144;
/** "ASCII text that begins with a letter, number, or punctuation mark", without line breaks, less than 100 characters. */
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,98}$/;
const ATTRIBUTE = /^MessageAttributes\.entry\.(\d+)\.(Name|Value\.DataType|Value\.StringValue)$/;

const publishSchema = z
  .object({ TopicArn: z.string(), Subject: z.string().regex(SUBJECT), Message: z.string().min(1) })
  .catchall(z.string());

const subscriptionSchema = z.strictObject({
  Protocol: z.literal('email'),
  TopicArn: z.string(),
  Endpoint: z.string(),
});

/** What a topic was sent. */
export interface Message {
  by: string;
  /** Mail addresses: they subscribe the topic. */
  to: string[];
  subject: string;
  text: string;
  attributes: Record<string, string>;
}

export class TopicsStandIn {
  /** In order. */
  readonly messages: Message[] = [];
  readonly #stack: Stack;
  readonly #access: Access;

  constructor(stack: Stack, access: Access) {
    this.#stack = stack;
    this.#access = access;
  }

  readonly operations: Record<string, Operation> = {
    '2010-03-31.Publish': (input, role) => {
      const { TopicArn, Subject, Message, ...rest } = publishSchema.parse(input);
      const message = { subject: Subject, text: Message, attributes: attributesOf(rest) };
      return { MessageId: this.publish(role, TopicArn, message) };
    },
  };

  /**
   * @param context of conditions, apart from TLS: the SDK speaks it wherever no endpoint is set
   * @returns the message's id
   * @throws ServiceError
   */
  publish(
    by: string,
    topicArn: string,
    message: Pick<Message, 'subject' | 'text' | 'attributes'>,
    context: Record<string, string> = {},
  ): string {
    this.#stack.only('AWS::SNS::Topic', ({ arn }) => arn === topicArn);
    const asked = { action: 'sns:Publish', resource: topicArn, context: { ...context, 'aws:SecureTransport': 'true' } };
    if (!this.#access.allows(by, asked, topicPolicy(this.#stack, topicArn)))
      throw new ServiceError('AuthorizationError', `${by} is not authorized to perform: SNS:Publish`);
    if (Buffer.byteLength(message.text) > MAX_MESSAGE_BYTES)
      throw new ServiceError('InvalidParameter', 'Invalid parameter: Message too long');
    this.messages.push({ by, to: this.#subscribersOf(topicArn), ...message });
    return randomUUID();
  }

  #subscribersOf(topicArn: string): string[] {
    return this.#stack
      .resources('AWS::SNS::Subscription')
      .map(({ properties }) => subscriptionSchema.parse(properties))
      .flatMap(({ TopicArn, Endpoint }) => (TopicArn === topicArn ? [Endpoint] : []));
  }
}

/** @throws for a field that is none of an attribute */
function attributesOf(fields: Record<string, string>): Record<string, string> {
  const entries = new Map<string, Record<string, string>>();
  for (const [field, value] of Object.entries(fields)) {
    const [, number = '', part = ''] = ATTRIBUTE.exec(field) ?? [];
    if (number === '') throw new Error(`Not understood: ${field} in Publish`);
    entries.set(number, { ...entries.get(number), [part]: value });
  }
  const attributes = [...entries.values()].map((entry) => attributeSchema.parse(entry));
  return Object.fromEntries(attributes.map((entry) => [entry.Name, entry['Value.StringValue']]));
}

const attributeSchema = z.strictObject({
  Name: z.string(),
  'Value.DataType': z.literal('String'),
  'Value.StringValue': z.string(),
});
