import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerEvent } from './api.ts';
import type { EventHub } from './event-hub.ts';
import type { LogBuffer } from './log-buffer.ts';
import { Refusal } from './refusal.ts';

const MAX_STREAMS = 50;
const HEARTBEAT_MS = 15_000;
/** With a name, as a page hears no comments; without an id, as that of the last line of the log is to stay. */
const HEARTBEAT = 'event: alive\ndata: {}\n\n';
const RECONNECT_MS = 2000;
/** Who has so much still to read is dropped: it comes back, and begins with what is then. */
const MAX_QUEUED_BYTES = 1_000_000;
/** Of the lines that it has missed: all of them at once, so that they are to leave room for others. */
const MAX_MISSED_BYTES = MAX_QUEUED_BYTES / 2;

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
      for (const response of this.#open) send(response, HEARTBEAT);
    }, HEARTBEAT_MS).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Begins with all that goes on. Where it is told of lines of the log, and says which one it had last, it gets the newest of
   * those that came since.
   * @throws Refusal 503 where there are too many already
   */
  begin(request: IncomingMessage, response: ServerResponse, { withLogs }: { withLogs: boolean }): void {
    if (this.#open.size >= MAX_STREAMS) throw tooManyStreams();
    const headers = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' };
    response.writeHead(200, headers);
    send(response, `retry: ${RECONNECT_MS}\n\n`);
    this.#tell(response, this.#hub.first());
    if (withLogs) for (const text of this.#missed(request)) send(response, text);
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
    send(response, this.#textOf(event));
  }

  #textOf(event: ServerEvent): string {
    const id = event.type === 'log' ? `id: ${this.#epoch}-${event.line.seq}\n` : '';
    return `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  }

  /** Oldest first; of more than is kept for a reader the newest. */
  #missed({ headers }: IncomingMessage): string[] {
    const [epoch, seq] = String(headers['last-event-id'] ?? '').split('-');
    if (epoch !== String(this.#epoch) || !/^\d+$/.test(seq ?? '')) return [];
    const texts: string[] = [];
    let bytes = 0;
    for (const line of this.#logs.after(Number(seq)).reverse()) {
      const text = this.#textOf({ type: 'log', line });
      bytes += Buffer.byteLength(text);
      if (bytes > MAX_MISSED_BYTES) break;
      texts.push(text);
    }
    return texts.reverse();
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
