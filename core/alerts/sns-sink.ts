import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { BackupError, systemErrorCode } from '../model/errors.ts';
import type { BackupEvent } from '../model/events.ts';
import type { EventSink } from './event-sink.ts';

/** What people read. */
export interface Message {
  /** By the rule of SNS: ASCII, in one line, less than 100 characters. */
  subject: string;
  text: string;
}

/** With the SDK's own back-off all of it ends within some 20 s. */
const MAX_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 3000;
const REQUEST_TIMEOUT_MS = 5000;

/** Publishes each event as a message to a topic of Amazon SNS. AWS_ENDPOINT_URL_SNS is honoured, as everywhere in the SDK. */
export class SnsSink implements EventSink {
  readonly name: string;
  readonly #topicArn: string;
  readonly #toMessage: (event: BackupEvent) => Promise<Message>;
  readonly #client: SNSClient;

  constructor(topicArn: string, toMessage: (event: BackupEvent) => Promise<Message>) {
    this.name = `SNS topic ${topicArn.split(':').at(-1)}`;
    this.#topicArn = topicArn;
    this.#toMessage = toMessage;
    const region = topicArn.split(':')[3];
    this.#client = new SNSClient({
      ...(region ? { region } : {}),
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    });
  }

  async send(events: BackupEvent[]): Promise<void> {
    const failures: BackupError[] = [];
    for (const event of events) {
      const { subject, text } = await this.#toMessage(event);
      try {
        await this.#client.send(
          new PublishCommand({
            TopicArn: this.#topicArn,
            Subject: subject,
            Message: text,
            MessageAttributes: attributesOf(event),
          }),
        );
      } catch (error) {
        failures.push(this.#notDelivered(event, error));
      }
    }
    const [first] = failures;
    if (first) throw first;
  }

  /** Without the service's own words, which may repeat what was sent. */
  #notDelivered({ type, detail }: BackupEvent, error: unknown): BackupError {
    const status = httpStatus(error);
    const name = error instanceof Error ? (systemErrorCode(error) ?? error.name) : 'unknown';
    const why = status === undefined ? name : `${name}, HTTP ${status}`;
    return new BackupError('not-delivered', `The ${this.name} did not take "${type}" of ${detail.target}: ${why}.`, {
      hint: 'Check that the topic exists, and that whoever publishes has the right sns:Publish for it (and, where it is encrypted with a key of yours, for that key).',
      retryable: status === undefined || status === 429 || status >= 500 || /throttl/i.test(name),
    });
  }
}

/** For filters of subscriptions, and for programs that drop what they have heard before. */
function attributesOf({ type, detail: { target, eventId } }: BackupEvent) {
  return Object.fromEntries(
    Object.entries({ type, target, eventId }).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

function httpStatus(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const status = metadata instanceof Object && 'httpStatusCode' in metadata ? metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
