import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Published {
  topicArn: string | null;
  subject: string | null;
  message: string | null;
  attributes: Record<string, string | null>;
}

export interface SnsServer extends AsyncDisposable {
  endpoint: string;
  published: Published[];
  /** Of every request, also of those that were refused. */
  calls: number;
  /** Code and status of what is refused, by the number of the call; undefined to take it. */
  refuse: (call: number) => { code: string; status: number } | undefined;
}

/** By the reference of SNS; not every rule of it. */
const SUBJECT = /^[\x21-\x7e][\x20-\x7e]{0,98}$/;

/** Stands for Amazon SNS: Publish, by its query protocol. */
export async function startSnsServer(): Promise<SnsServer> {
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request));
    sns.calls += 1;
    const published = toPublished(form);
    const isValid = form.get('Action') === 'Publish' && published.message && SUBJECT.test(published.subject ?? '');
    const refusal = isValid ? sns.refuse(sns.calls) : { code: 'InvalidParameter', status: 400 };
    response.writeHead(refusal?.status ?? 200, { 'content-type': 'text/xml' });
    if (refusal) {
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${refusal.code}</Code><Message>It was: ${form.get('Subject')}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
      );
      return;
    }
    sns.published.push(published);
    response.end(
      `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-${sns.calls}</MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sns: SnsServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    published: [],
    calls: 0,
    refuse: () => undefined,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return sns;
}

function toPublished(form: URLSearchParams): Published {
  const names = [...form.entries()].flatMap(([key, name]) => {
    const [, number] = /^MessageAttributes\.entry\.(\d+)\.Name$/.exec(key) ?? [];
    const value = `MessageAttributes.entry.${number}.Value`;
    return number && form.get(`${value}.DataType`) === 'String' ? [[name, form.get(`${value}.StringValue`)]] : [];
  });
  return {
    topicArn: form.get('TopicArn'),
    subject: form.get('Subject'),
    message: form.get('Message'),
    attributes: Object.fromEntries(names),
  };
}
