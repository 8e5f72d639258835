import { Redis } from 'ioredis';
import { BackupError } from '../../core/model/errors.ts';
import { type Address, describeAddress, tlsOptions } from './address.ts';
import { toDatabaseError } from './database-error.ts';
import { parseInfo, type ServerInfo } from './server-info.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** The longest command we send is a count over a graph's whole matrix; a server that is silent for longer is gone. */
const COMMAND_TIMEOUT_MS = 120_000;

const KEEP_ALIVE_MS = 500;

/** A connection to one FalkorDB that never reconnects by itself: another server must not answer half of our questions. */
export class Database {
  readonly address: Address;
  readonly name: string;
  readonly #client: Redis;

  private constructor(address: Address, client: Redis) {
    this.address = address;
    this.name = describeAddress(address);
    this.#client = client;
  }

  /** @throws database-unreachable, database-denied */
  static async connect(address: Address): Promise<Database> {
    const client = new Redis({
      host: address.host,
      port: address.port,
      ...(address.username === undefined ? {} : { username: address.username }),
      ...(address.password === undefined ? {} : { password: address.password }),
      ...(address.tls ? { tls: tlsOptions(address) } : {}),
      protocol: 2,
      lazyConnect: true,
      // After a failed connect its timer would keep the process alive for nothing.
      disconnectTimeout: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      enableOfflineQueue: false,
    });
    // `connect` rejects with "Connection is closed."; the cause arrives as an event.
    let cause: unknown;
    client.on('error', (error) => {
      cause ??= error;
    });
    try {
      await client.connect();
      await client.ping();
    } catch (error) {
      client.disconnect();
      throw toDatabaseError(cause ?? error, describeAddress(address), 'the connection');
    }
    return new Database(address, client);
  }

  /** @throws database-* */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    try {
      return await this.#client.call(command, ...args);
    } catch (error) {
      throw toDatabaseError(error, this.name, command);
    }
  }

  async info(): Promise<ServerInfo> {
    return parseInfo(String(await this.call('INFO', 'everything')));
  }

  /** The server's clock, in whole seconds since 1970: what it stamps its dumps with. */
  async unixSeconds(): Promise<number> {
    const reply = await this.call('TIME');
    const seconds = Number(Array.isArray(reply) ? reply[0] : Number.NaN);
    if (Number.isInteger(seconds)) return seconds;
    throw new BackupError('database-failed', `FalkorDB at ${this.name} gave no time.`);
  }

  /** Configuration values by name. Managed services refuse CONFIG: then `database-denied` or `database-failed`. */
  async config(pattern: string): Promise<Map<string, string>> {
    const reply = await this.call('CONFIG', 'GET', pattern);
    const flat = Array.isArray(reply) ? reply.map(String) : [];
    return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : [])));
  }

  /** The server's number for this connection, and the address it comes from as the server sees it. */
  async connection(): Promise<{ id: number; remoteHost: string }> {
    const fields = new Map(
      String(await this.call('CLIENT', 'INFO'))
        .trim()
        .split(' ')
        .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
    );
    const remoteHost = (fields.get('addr') ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return { id: Number(fields.get('id')), remoteHost };
  }

  /** The address of this host that the connection uses. */
  get localHost(): string {
    const { stream } = this.#client;
    return 'localAddress' in stream && typeof stream.localAddress === 'string' ? stream.localAddress : '127.0.0.1';
  }

  /** Keeps a server with a `timeout` from closing the connection while nothing is asked. */
  keepAlive(): Disposable {
    // What is wrong with the connection shows in the next call that matters.
    const timer = setInterval(() => this.#client.ping().catch(() => {}), KEEP_ALIVE_MS);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  close(): void {
    this.#client.disconnect();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
