import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { BackupError } from '../../model/errors.ts';
import { throwIfAborted } from '../abort.ts';

/** In a row, without a byte between them. */
const MAX_FAILURES = 6;
const BACK_OFF_MS = 200;

export interface ResumedBody {
  /** What the first request answered with. */
  first: Readable;
  /** Offsets into the object; `end` is exclusive. */
  start: number;
  end: number;
  /** Asks again for what is left; must fail where the object is another one by now. */
  reopen: (start: number) => Promise<Readable>;
  silenceMs: number;
  subject: string;
  signal: AbortSignal | undefined;
}

/**
 * The bytes of a download, whatever happens to its connections: where one breaks, ends early or goes silent, the next
 * goes on from there.
 * @throws store-unavailable after too many failures in a row; the signal's reason
 */
export async function* resumedBody(request: ResumedBody): AsyncGenerator<Uint8Array, void> {
  const { end, signal, subject } = request;
  let offset = request.start;
  let body: Readable | undefined = request.first;
  for (let failures = 0; ; failures++) {
    let failure: unknown = new Error(`the answer ended after ${offset - request.start} bytes`);
    try {
      body ??= await request.reopen(offset);
      for await (const chunk of guarded(body, request)) {
        offset += chunk.length;
        failures = 0;
        if (offset > end) throw new BackupError('integrity', `${subject} is longer than it said.`);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof BackupError && !error.retryable) throw error;
      failure = error;
    } finally {
      body?.destroy();
      body = undefined;
    }
    if (offset === end) return;
    throwIfAborted(signal);
    if (failures >= MAX_FAILURES) throw givenUp(subject, failure);
    await delay(BACK_OFF_MS * 2 ** failures, undefined, signal ? { signal } : {}).catch(() => throwIfAborted(signal));
  }
}

/** Time counts only while we wait for the service, not while the consumer takes its time. */
async function* guarded(body: Readable, { silenceMs, signal }: ResumedBody): AsyncGenerator<Uint8Array, void> {
  const onAbort = () => body.destroy(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(() => body.destroy(new Error(`silent for ${silenceMs} ms`)), silenceMs);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function givenUp(subject: string, cause: unknown): BackupError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BackupError('store-unavailable', `Cannot read ${subject}: the download broke again and again (${why}).`, {
    hint: 'The service or the network failed; try again later.',
    retryable: true,
    cause,
  });
}
