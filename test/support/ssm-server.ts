import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What the service answers to one request; `error` is the name it gives it. */
export type SsmAnswer = object | { error: string; message?: string; status?: number };

export interface SsmServer extends AsyncDisposable {
  endpoint: string;
  /** In their order: the operation, and what was asked. */
  requests: { operation: string; body: Record<string, unknown> }[];
}

/** Speaks AWS JSON 1.1 on loopback. */
export async function startSsmServer(
  answer: (operation: string, body: Record<string, unknown>) => SsmAnswer,
): Promise<SsmServer> {
  const requests: SsmServer['requests'] = [];
  const server = createServer(async (request, response) => {
    const [service, operation = ''] = String(request.headers['x-amz-target']).split('.');
    const isProtocol = service === 'AmazonSSM' && request.headers['content-type'] === 'application/x-amz-json-1.1';
    const body = (await json(request)) as Record<string, unknown>;
    requests.push({ operation, body });
    const given = isProtocol ? answer(operation, body) : { error: 'NotAwsJson11', status: 400 };
    const { error, message = '', status = 400 } = 'error' in given ? given : { error: undefined };
    response.writeHead(error === undefined ? 200 : status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(error === undefined ? given : { __type: error, message }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
