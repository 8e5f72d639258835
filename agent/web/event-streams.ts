import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LogLine, ServerEvent } from './api.ts';
import type { EventHub } from './event-hub.ts';
import type { LogBuffer } from './log-buffer.ts';
import { Refusal } from './refusal.ts';

const MAX_STREAMS = 50;
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2000;
/** Who has so much still to read is dropped: it comes back, and begins with what is then. */
const MAX_QUEUED_BYTES = 1_000_000;

/** Server-sent events, to as many as listen. */
export class EventStreams {
  readonly #hub: EventHub;
  readonly #logs: LogBuffer;
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;
  /** Numbers of lines begin anew with each process. */
  readonly #epoch = Date.now();

  constructor(hub: EventHub, logs: LogBuffer) {
    this.#hub = hub;
    this.#logs = logs;
    this.#heartbeat = setInterval(() => {
      for (const response of this.#open) send(response, ': alive\n\n');
    }, HEARTBEAT_MS).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Begins with all that goes on. Where it is told of lines of the log, and says which one it had last, it gets those that
   * came since.
   * @throws Refusal 503 where there are too many already
   */
  begin(request: IncomingMessage, response: ServerResponse, { withLogs }: { withLogs: boolean }): void {
    if (this.#open.size >= MAX_STREAMS) throw tooManyStreams();
    const headers = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' };
    response.writeHead(200, headers);
    send(response, `retry: ${RECONNECT_MS}\n\n`);
    this.#tell(response, this.#hub.first());
    if (withLogs) for (const line of this.#missed(request)) this.#tell(response, { type: 'log', line });
    const unsubscribe = this.#hub.subscribe((event) => {
      if (withLogs || event.type !== 'log') this.#tell(response, event);
    });
    this.#open.add(response);
    response.on('close', () => {
      unsubscribe();
      this.#open.delete(response);
    });
  }

  /** Ends all of them. */
  close(): void {
    clearInterval(this.#heartbeat);
    for (const response of this.#open) response.end();
  }

  #tell(response: ServerResponse, event: ServerEvent): void {
    const id = event.type === 'log' ? `id: ${this.#epoch}-${event.line.seq}\n` : '';
    send(response, `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  #missed({ headers }: IncomingMessage): LogLine[] {
    const [epoch, seq] = String(headers['last-event-id'] ?? '').split('-');
    return epoch === String(this.#epoch) && /^\d+$/.test(seq ?? '') ? this.#logs.after(Number(seq)) : [];
  }
}

function send(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  response.write(text);
  if (response.writableLength > MAX_QUEUED_BYTES) response.destroy();
}

function tooManyStreams(): Refusal {
  return new Refusal(503, 'too-many-streams', `More than ${MAX_STREAMS} are listening already.`, {
    hint: 'Close a page of the dashboard elsewhere.',
    headers: { 'Retry-After': '30' },
  });
}
