import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import {
  answerHeaders,
  cutAt,
  type Fault,
  type FaultAction,
  faultCounter,
  flipByte,
  type ProxiedRequest,
  REFUSALS,
} from './faults.ts';

const HOST = '127.0.0.1';

export interface FaultProxy extends AsyncDisposable {
  endpoint: string;
  /** Every request that came, in order, each as soon as its head was there. */
  requests: ProxiedRequest[];
  /** Replaces the fault before it. Requests that run keep theirs. */
  setFault(fault: Fault | undefined): void;
}

/**
 * Stands between an S3 client and its server. The Host header passes unchanged: the client's signature covers it, and
 * the server compares it with the header it gets. Bodies are streamed: neither side can run ahead of the other.
 */
export async function startFaultProxy(
  target: URL,
  /** What happens to a request that meets no other fault. */
  always: (request: ProxiedRequest) => FaultAction | undefined = () => undefined,
): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  let fault: Fault | undefined;
  let happensTo = (_: ProxiedRequest) => false;

  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const record = describeRequest(incoming);
    requests.push(record);
    const met = happensTo(record) ? fault : always(record);
    if (met) record.fault = met.kind;
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    if (met?.kind === 'stall') return;
    if (met?.kind === 'slow-down' || met?.kind === 'access-denied') refuse(incoming, outgoing, met.kind);
    else forward(target, incoming, outgoing, met);
  };

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, handle);
  // So that it is the server, and not Node's default, who tells the client to go on with its body.
  server.on('checkContinue', handle);
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  return {
    endpoint: `http://${HOST}:${address.port}`,
    requests,
    setFault: (next) => {
      fault = next;
      happensTo = next ? faultCounter(next) : () => false;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function describeRequest({ method = '', url = '/', headers }: IncomingMessage): ProxiedRequest {
  const [path = '', query] = url.split('?', 2);
  return { method, path, query: new URLSearchParams(query), headers };
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, kind: keyof typeof REFUSALS): void {
  const { status, xml } = REFUSALS[kind];
  incoming.resume();
  outgoing.writeHead(status, { 'Content-Type': 'application/xml', Connection: 'close' }).end(xml);
}

function forward(
  { protocol, hostname, port }: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: FaultAction | undefined,
): void {
  const { method, url: path, headers, socket } = incoming;
  const hasLength = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const upstream = request({
    protocol,
    hostname,
    port,
    method,
    path,
    // Node would send a body of unknown length where a PUT has none.
    headers: { ...headers, ...(hasLength ? {} : { 'content-length': 0 }), connection: 'close' },
    agent: false,
  });
  const reset = async () => {
    upstream.destroy();
    socket.resetAndDestroy();
  };
  upstream.on('continue', () => outgoing.writeContinue());
  upstream.on('response', (answer) => void passAnswer(answer, outgoing, fault, reset).catch(reset));
  // A server that has answered may well close its end while the rest of the body is on its way.
  upstream.on('error', () => outgoing.headersSent || reset());
  outgoing.on('close', () => upstream.destroy());
  upstream.flushHeaders();
  passBody(incoming, upstream, fault, reset).catch(() => {});
}

function passBody(
  incoming: IncomingMessage,
  upstream: ClientRequest,
  fault: FaultAction | undefined,
  reset: () => Promise<void>,
): Promise<void> {
  switch (fault?.kind) {
    case 'flip-request':
      return pipeline(flipByte(incoming, fault.at), upstream);
    case 'cut-request':
      return pipeline(cutAt(incoming, fault.afterBytes, afterWriting(upstream, reset)), upstream);
    case 'stall-request':
      return pipeline(cutAt(incoming, fault.afterBytes, afterWriting(upstream, forEver)), upstream);
    default:
      return pipeline(incoming, upstream);
  }
}

async function passAnswer(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: FaultAction | undefined,
  reset: () => Promise<void>,
): Promise<void> {
  if (fault?.kind === 'lose-answer') {
    answer.resume();
    await once(answer, 'end');
    return reset();
  }
  if (fault?.kind === 'hide-missing' && answer.statusCode === 404) {
    const { status, xml } = REFUSALS['access-denied'];
    answer.resume();
    return void outgoing.writeHead(status, { 'Content-Type': 'application/xml' }).end(xml);
  }
  outgoing.writeHead(answer.statusCode ?? 500, answer.statusMessage, answerHeaders(answer.headers, fault));
  switch (fault?.kind) {
    case 'flip-response':
      return pipeline(flipByte(answer, fault.at), outgoing);
    case 'cut-response':
      return pipeline(cutAt(answer, fault.afterBytes, afterWriting(outgoing, reset)), outgoing);
    case 'stall-response':
      return pipeline(cutAt(answer, fault.afterBytes, afterWriting(outgoing, forEver)), outgoing);
    case 'truncate-response':
      return pipeline(cutAt(answer, fault.toBytes), outgoing);
    default:
      return pipeline(answer, outgoing);
  }
}

/** The bytes before the fault are out of our hands before it happens. */
function afterWriting(to: ClientRequest | ServerResponse, then: () => Promise<void>): (last: Buffer) => Promise<void> {
  return async (last) => {
    await new Promise<void>((resolve) => to.write(last, () => resolve()));
    await then();
  };
}

/** Until the connection is closed, which leaves nothing behind that this would keep from ending. */
const forEver = () => new Promise<void>(() => {});
