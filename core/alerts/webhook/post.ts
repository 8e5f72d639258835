import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';

/** The answer's body only helps to understand a refusal. */
const MAX_EXCERPT_BYTES = 256;

export interface Post {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** For all of it: name, connection, request and answer. */
  timeoutMs: number;
  lookup: LookupFunction | undefined;
  /** PEM of the authority to trust instead of the public ones. */
  ca: string | undefined;
}

export interface Answer {
  status: number;
  retryAfter: string | undefined;
  /** The first bytes of the body. */
  excerpt: string;
}

export class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`no answer in ${timeoutMs / 1000} s`);
  }
}

/**
 * One request, on a connection of its own. Follows no redirect, and verifies TLS whatever the environment says.
 * @throws TimedOut, and what Node throws where no answer comes
 */
export async function post({ url, headers, body, timeoutMs, lookup, ca }: Post): Promise<Answer> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const open = url.protocol === 'https:' ? requestTls : requestPlain;
      const request = open(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: false,
        rejectUnauthorized: true,
        signal: deadline.signal,
        ...(lookup ? { lookup } : {}),
        ...(ca === undefined ? {} : { ca }),
      });
      request.on('response', resolve);
      // Without this Node closes the connection of a 101 in silence: neither an answer nor an error would come.
      request.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response);
      });
      request.on('error', reject);
      request.on('close', () => reject(Object.assign(new Error('Closed without an answer'), { code: 'ECONNRESET' })));
      request.end(body);
    });
    const { statusCode: status = 0, headers: answered } = response;
    return { status, retryAfter: answered['retry-after'], excerpt: await excerptOf(response) };
  } catch (error) {
    throw deadline.signal.aborted ? new TimedOut(timeoutMs) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function excerptOf(response: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_EXCERPT_BYTES) break;
    }
  } catch {
    // The status has told whether the notice was taken; a body that breaks off or never ends does not change that.
  }
  return Buffer.concat(chunks).subarray(0, MAX_EXCERPT_BYTES).toString();
}
