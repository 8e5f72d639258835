import type { IncomingHttpHeaders } from 'node:http';

/** What the proxy saw of a request. */
export interface ProxiedRequest {
  method: string;
  /** As sent: with the bucket, percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The fault that met it. */
  fault?: FaultAction['kind'];
}

/** Offsets and counts are bytes of the HTTP body. A body that does not go beyond passes unharmed. */
export type FaultAction =
  /** 503 with the XML of S3; the server does not see the request. */
  | { kind: 'slow-down' }
  /** 403, in the same way: as to somebody who lacks a right. */
  | { kind: 'access-denied' }
  /** What the server does not have is denied: as to somebody who may not list the bucket. */
  | { kind: 'hide-missing' }
  /** The request is taken, and neither read nor answered; the server does not see it. */
  | { kind: 'stall' }
  /** After that much of the body both connections are reset. */
  | { kind: 'cut-request'; afterBytes: number }
  /** The server gets that much of the body; then nothing is read any more, and no connection is closed. */
  | { kind: 'stall-request'; afterBytes: number }
  /** The lowest bit of that byte changes. */
  | { kind: 'flip-request'; at: number }
  /** The server does what it was asked for; instead of its answer comes a reset. */
  | { kind: 'lose-answer' }
  /** A reset after that much; it may overtake the last of it. */
  | { kind: 'cut-response'; afterBytes: number }
  | { kind: 'stall-response'; afterBytes: number }
  | { kind: 'flip-response'; at: number }
  /** Ends cleanly after that much; Content-Length still tells the whole length, or (`matching`) the shorter one. */
  | { kind: 'truncate-response'; toBytes: number; contentLength: 'kept' | 'matching' };

export type Fault = FaultAction & {
  /** Which requests it meets; all by default. */
  matches?: (request: ProxiedRequest) => boolean;
  /** It begins with this one of the requests that match. 1 by default. */
  first?: number;
  /** To how many it happens, one after the other. Always, by default. */
  times?: number;
};

/** @returns whether the fault is to happen to a request; it counts those that match. */
export function faultCounter(fault: Fault): (request: ProxiedRequest) => boolean {
  const { matches = () => true, first = 1, times = Number.POSITIVE_INFINITY } = fault;
  let count = 0;
  return (request) => {
    if (!matches(request)) return false;
    count++;
    return count >= first && count < first + times;
  };
}

/** Answers in place of the server's. */
export const REFUSALS = {
  'slow-down': refusal(503, 'SlowDown', 'Reduce your request rate.'),
  'access-denied': refusal(403, 'AccessDenied', 'Access Denied'),
};

function refusal(status: number, code: string, message: string): { status: number; xml: string } {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, xml };
}

/** The headers of an answer as the fault leaves them. */
export function answerHeaders(headers: IncomingHttpHeaders, fault: FaultAction | undefined): IncomingHttpHeaders {
  const { connection: _, 'keep-alive': __, ...kept } = headers;
  if (fault?.kind !== 'truncate-response') return kept;
  const length = Number(headers['content-length']);
  if (fault.contentLength === 'matching' && length > fault.toBytes) kept['content-length'] = String(fault.toBytes);
  // Without this the client would wait for the rest on a connection that stays open.
  return { ...kept, connection: 'close' };
}

type Body = AsyncIterable<Buffer>;

export async function* flipByte(body: Body, at: number): Body {
  let passed = 0;
  for await (const chunk of body) {
    const index = at - passed;
    passed += chunk.length;
    if (index >= 0 && index < chunk.length) chunk.writeUInt8(chunk.readUInt8(index) ^ 1, index);
    yield chunk;
  }
}

/** The first bytes of a longer body. `instead` gets the last piece of them, if given, to do what it does with it. */
export async function* cutAt(body: Body, bytes: number, instead?: (last: Buffer) => Promise<void>): Body {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.length > left) {
      const last = chunk.subarray(0, left);
      if (instead) await instead(last);
      else yield last;
      return;
    }
    yield chunk;
    left -= chunk.length;
  }
}
