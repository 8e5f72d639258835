import type { HonoRequest } from 'hono';
import { Refusal } from './refusal.ts';

const MAX_BYTES = 16 * 1024;

/** The body of a request, as text. @throws Refusal 413, having read no more than is allowed */
export async function readBody({ raw }: HonoRequest): Promise<string> {
  if (Number(raw.headers.get('content-length') ?? 0) > MAX_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of raw.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function tooLarge(): Refusal {
  return new Refusal(413, 'too-large', `The body is larger than ${MAX_BYTES} bytes.`);
}
