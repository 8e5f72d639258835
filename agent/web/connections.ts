import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const MAX_UNREAD_BYTES = 32_000_000;
const STALLED_MS = 30_000;

export interface ConnectionBounds {
  maxUnreadBytes?: number;
  stalledMs?: number;
}

/**
 * Asking needs no token: what a client asks for ahead, and what it does not read of its answers, takes memory of the agent
 * that backs up. So a connection has one request at a time, and those who do not read are dropped.
 */
export class Connections {
  readonly #maxUnreadBytes: number;
  readonly #stalledMs: number;
  readonly #busy = new WeakSet<Socket>();
  /** Answers that wait for their readers; the one that waits longest first. */
  readonly #unread = new Set<ServerResponse>();

  constructor({ maxUnreadBytes = MAX_UNREAD_BYTES, stalledMs = STALLED_MS }: ConnectionBounds = {}) {
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#stalledMs = stalledMs;
  }

  /** False for a request that is not to be answered: no browser and no proxy sends one before the last was answered. */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#busy.has(socket)) socket.destroy();
    if (socket.destroyed) return false;
    this.#busy.add(socket);
    response.once('close', () => this.#busy.delete(socket));
    return true;
  }

  /** Has it read in time, or ended. An answer that does not end by itself has a bound of its own (event-streams.ts). */
  handedOver(response: ServerResponse): void {
    if (!response.writableEnded || response.writableFinished || response.destroyed) return;
    response.setTimeout(this.#stalledMs, () => response.destroy());
    this.#unread.add(response);
    response.once('close', () => this.#unread.delete(response));
    let bytes = [...this.#unread].reduce((sum, { writableLength }) => sum + writableLength, 0);
    for (const longest of this.#unread) {
      if (bytes <= this.#maxUnreadBytes) break;
      bytes -= longest.writableLength;
      this.#unread.delete(longest);
      longest.destroy();
    }
  }
}
