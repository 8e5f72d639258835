import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const HOST = '127.0.0.1';
const JSON_TYPE = 'application/x-amz-json-1.1';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** An answer of a service that says no. */
export class ServiceError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** @param role of the caller */
export type Operation = (input: unknown, role: string) => unknown;

export interface ServiceServer extends AsyncDisposable {
  /** Whoever calls there counts as the role. */
  endpointOf(role: string): string;
}

/** One of AWS's protocols. */
interface Protocol {
  /** @throws for anything else */
  read(request: IncomingMessage, body: string): { name: string; input: unknown };
  contentType: string;
  write(name: string, answer: unknown): string;
  refuse(error: ServiceError): string;
}

const AWS_JSON: Protocol = {
  read: ({ headers }, body) => ({ name: z.string().parse(headers['x-amz-target']), input: JSON.parse(body) }),
  contentType: JSON_TYPE,
  write: (_, answer) => JSON.stringify(answer),
  refuse: ({ type, message }) => JSON.stringify({ __type: type, message }),
};

const formSchema = z.looseObject({ Version: z.string(), Action: z.string() });

/** Of which an operation is named by the version of the API and the action. */
const AWS_QUERY: Protocol = {
  read: (_, body) => {
    const fields = [...new URLSearchParams(body)];
    const { Version, Action, ...input } = formSchema.parse(Object.fromEntries(fields));
    if (new Set(fields.map(([name]) => name)).size < fields.length) throw new Error(`Not understood: ${body}`);
    return { name: `${Version}.${Action}`, input };
  },
  contentType: 'text/xml',
  write: (name, answer) => {
    const action = name.slice(name.indexOf('.') + 1);
    const fields = Object.entries(z.record(z.string(), z.string()).parse(answer));
    const result = fields.map(([field, value]) => element(field, escaped(value))).join('');
    return element(`${action}Response`, element(`${action}Result`, result) + metadata());
  },
  refuse: ({ type, message }) =>
    element('ErrorResponse', element('Error', element('Code', type) + element('Message', escaped(message)))),
};

/**
 * Speaks AWS JSON 1.1 for these operations (`AmazonSSM.SendCommand`), and the query protocol (`2010-03-31.Publish`), and
 * knows no others.
 * @param onOddity is told of what was not understood; the caller gets an error that is not tried again
 */
export async function startServiceServer(
  operations: Record<string, Operation>,
  onOddity: (error: unknown) => void,
): Promise<ServiceServer> {
  const answer = async (request: IncomingMessage, protocol: Protocol): Promise<{ status: number; body: string }> => {
    try {
      const { name, input } = protocol.read(request, await text(request));
      const operation = operations[name];
      if (!operation) throw new Error(`Not understood: ${name}`);
      const role = decodeURIComponent(request.url ?? '').replaceAll(/^\/|\/$/g, '');
      return { status: 200, body: protocol.write(name, await operation(input, role)) };
    } catch (error) {
      if (error instanceof ServiceError) return { status: 400, body: protocol.refuse(error) };
      onOddity(error);
      return { status: 400, body: protocol.refuse(new ServiceError('NotUnderstood', String(error))) };
    }
  };
  const server = createServer(async (request, response) => {
    const type = request.headers['content-type'];
    const protocol = type === FORM_TYPE ? AWS_QUERY : AWS_JSON;
    if (![FORM_TYPE, JSON_TYPE].includes(type ?? '')) onOddity(new Error(`Not understood: a request in ${type}`));
    const { status, body } = await answer(request, protocol);
    response.writeHead(status, { 'content-type': protocol.contentType }).end(body);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    endpointOf: (role) => `http://${HOST}:${address.port}/${encodeURIComponent(role)}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function metadata(): string {
  return element('ResponseMetadata', element('RequestId', randomUUID()));
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
