import type { Socket } from 'node:net';
import { BackupError } from '../../core/model/errors.ts';
import { type Address, describeAddress } from './address.ts';
import { toDatabaseError } from './database-error.ts';
import { type IncomingBytes, openConnection } from './incoming-bytes.ts';

const MAX_LINE_BYTES = 64 * 1024;
/** A master sends a newline each second or so while it prepares; one that is silent for this long is gone. */
const SILENCE_TIMEOUT_MS = 60_000;
const NEWLINE = 0x0a;

/** A connection over which a master talks to a replica: lines first, then raw bytes that no Redis client would read. */
export class ReplicaLink {
  readonly #socket: Socket;
  readonly #server: string;
  readonly #incoming: IncomingBytes;
  #pending = Buffer.alloc(0);

  private constructor(incoming: IncomingBytes, server: string) {
    this.#socket = incoming.socket;
    this.#server = server;
    this.#incoming = incoming;
  }

  /** @throws database-unreachable, database-denied; the signal's reason */
  static async connect(address: Address, signal: AbortSignal): Promise<ReplicaLink> {
    const incoming = openConnection(address);
    const { socket } = incoming;
    const onAbort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    const link = new ReplicaLink(incoming, describeAddress(address));
    try {
      signal.throwIfAborted();
      if (address.password !== undefined) {
        const user = address.username === undefined ? [] : [address.username];
        await link.command('AUTH', ...user, address.password);
      }
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Sends a command that is answered by one line. @throws database-* where that is an error */
  async command(...words: string[]): Promise<void> {
    await this.send(...words);
    await this.line(words[0]);
  }

  async send(...words: string[]): Promise<void> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`);
  }

  /** The next line that is not empty: empty ones only keep the connection alive. */
  async line(command = 'PSYNC'): Promise<string> {
    for (;;) {
      const end = this.#pending.indexOf(NEWLINE);
      if (end < 0) {
        if (this.#pending.length > MAX_LINE_BYTES) throw this.#error(new Error('a line has no end'), command);
        this.#pending = Buffer.concat([this.#pending, await this.#next(command)]);
        continue;
      }
      const line = this.#pending.toString('utf8', 0, end).trimEnd();
      this.#pending = this.#pending.subarray(end + 1);
      if (line.startsWith('-')) throw this.#error(new Error(line.slice(1)), command);
      if (line !== '') return line;
    }
  }

  /**
   * Everything from here on, as it arrives; the socket waits while the consumer does, and a chunk is only there until the
   * next one is asked for.
   */
  async *chunks(): AsyncIterable<Buffer> {
    if (this.#pending.length > 0) yield this.#pending;
    for (;;) {
      const next = await this.#read('PSYNC');
      if (!next) return;
      yield next;
    }
  }

  /** Hangs up, with that error, where the body takes longer: a master that has to wait keeps the connection alive. */
  async within<T>(seconds: number, late: () => BackupError, body: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#socket.destroy(late()), seconds * 1000);
    try {
      return await body();
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  async #next(command: string): Promise<Buffer> {
    const next = await this.#read(command);
    if (!next) throw this.#error(new Error('Connection is closed.'), command);
    return next;
  }

  async #read(command: string): Promise<Buffer | undefined> {
    const timer = setTimeout(() => this.#socket.destroy(this.#silent(command)), SILENCE_TIMEOUT_MS);
    try {
      return await this.#incoming.next();
    } catch (error) {
      throw this.#error(error, command);
    } finally {
      clearTimeout(timer);
    }
  }

  #silent(command: string): BackupError {
    return new BackupError('database-unreachable', `FalkorDB at ${this.#server} went silent during ${command}.`, {
      hint: 'Check the network between this agent and FalkorDB.',
      retryable: true,
    });
  }

  #error(error: unknown, command: string): BackupError {
    return toDatabaseError(error, this.#server, command);
  }
}
