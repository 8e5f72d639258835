import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { CommandParser } from './command-parser.ts';

/** A replica authenticates at once. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 1_000;
/** A replica that is not loading reports its offset each second. */
const SILENCE_TIMEOUT_MS = 30_000;
const PING = '*1\r\n$4\r\nPING\r\n';

export interface Credentials {
  /** Undefined for Redis's default user. */
  user: string | undefined;
  password: string;
}

export interface SyncRequest {
  /** The history that its data belongs to. */
  replicationId: string;
  offset: string;
}

/** One connection of a server that takes us for its master. It gets nothing before it has given the password. */
export class ReplicaConnection {
  readonly #socket: Socket;
  readonly #credentials: Credentials;
  readonly #onSync: (request: SyncRequest) => void;
  readonly #parser = new CommandParser();
  readonly #handshake: NodeJS.Timeout;
  readonly #closed = new AbortController();
  #isAuthenticated = false;
  #heardAt = performance.now();
  #pings: NodeJS.Timeout | undefined;

  constructor(socket: Socket, credentials: Credentials, onSync: (request: SyncRequest) => void) {
    this.#socket = socket;
    this.#credentials = credentials;
    this.#onSync = onSync;
    socket.setNoDelay(true).setKeepAlive(true);
    this.#handshake = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS);
    // A connection that breaks is closed, which `send` and `isClosed` tell.
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#read(chunk));
    socket.once('close', () => {
      clearTimeout(this.#handshake);
      clearInterval(this.#pings);
      this.#closed.abort();
    });
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends a line, as an answer to a request to synchronise. */
  answer(line: string): void {
    clearTimeout(this.#handshake);
    this.#socket.write(`${line}\r\n`);
  }

  /** As a master does that has nothing to say, so that the replica does not take it for dead. */
  startPings(): void {
    clearInterval(this.#pings);
    this.#pings = setInterval(() => this.#socket.write(PING), PING_INTERVAL_MS);
  }

  /** Closes the connection of a replica that says nothing any more: it will come again if it lives. */
  closeWhenSilent(): void {
    const watch = setInterval(() => {
      if (performance.now() - this.#heardAt > SILENCE_TIMEOUT_MS) this.close();
    }, PING_INTERVAL_MS);
    this.#socket.once('close', () => clearInterval(watch));
  }

  /**
   * Waits while the replica cannot take more.
   * @param stopped must be aborted when the connection is closed too
   * @returns false where it has hung up
   */
  async send(bytes: Uint8Array, stopped: AbortSignal): Promise<boolean> {
    if (!this.isClosed && !this.#socket.write(bytes)) {
      // What breaks the connection closes it.
      await once(this.#socket, 'drain', { signal: stopped }).catch(() => {});
    }
    return !this.isClosed;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      for (const words of this.#parser.push(chunk)) this.#execute(words);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.close();
    }
  }

  #execute([command = '', ...words]: string[]): void {
    const name = command.toUpperCase();
    if (name === 'AUTH') this.#authenticate(words);
    // What Redis answers too, and a replica takes for a sign of life.
    else if (!this.#isAuthenticated && name === 'PING') this.#socket.write('-NOAUTH Authentication required.\r\n');
    else if (!this.#isAuthenticated) this.close();
    else if (name === 'PING') this.#socket.write('+PONG\r\n');
    else if (name === 'REPLCONF' && words[0]?.toUpperCase() === 'ACK') return;
    else if (name === 'REPLCONF') this.#socket.write('+OK\r\n');
    else if (name === 'PSYNC') this.#onSync({ replicationId: words[0] ?? '', offset: words[1] ?? '' });
    else this.close();
  }

  #authenticate(words: string[]): void {
    const [user, password] = words.length > 1 ? words : [undefined, words[0]];
    const isUser = (user ?? 'default') === (this.#credentials.user ?? 'default');
    this.#isAuthenticated = isUser && isSame(password ?? '', this.#credentials.password);
    if (this.#isAuthenticated) this.#socket.write('+OK\r\n');
    else this.#socket.end('-WRONGPASS invalid username-password pair or user is disabled.\r\n');
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
