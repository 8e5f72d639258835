import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { BackupError, systemErrorCode } from '../../../core/model/errors.ts';
import { assertUsable, type Certificate } from './certificate.ts';
import { type Credentials, HANDSHAKE_TIMEOUT_MS, ReplicaConnection, type SyncRequest } from './replica-connection.ts';
import { holdBackTail, untilAborted } from './tail.ts';

/** Beside the one that counts: strangers, which get nothing and are gone after the handshake's timeout. */
const MAX_CONNECTIONS = 64;
/** A replica that lost its master tries again each second. */
const RECONNECT_TIMEOUT_MS = 30_000;
/** Redis refuses a dump by its last bytes: the end mark and the checksum. */
const WITHHELD_BYTES = 16;

export interface MasterOptions {
  /** Undefined for every address of this host. */
  host: string | undefined;
  /** 0 for any that is free. */
  port: number;
  credentials: Credentials;
  /** Undefined for a plain connection. */
  tls: Certificate | undefined;
}

export interface FullSync {
  /** A fresh one each time: an old replica could otherwise resume into another history. */
  replicationId: string;
  sizeBytes: number;
  /** Must end only after every check of the bytes has passed. */
  dump: AsyncIterable<Uint8Array>;
  /** Called once all but the last bytes were sent and `dump` has ended: throwing here makes the replica keep what it has. */
  beforeLastBytes: () => Promise<void>;
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Listens for the one FalkorDB that was told to replicate from here. First `hold` keeps it as it is, as a replica whose
 * master has nothing new for it; then `synchronize` replaces all that it has.
 */
export class MomentaryMaster {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<ReplicaConnection>();
  /** The one that takes us for its master. */
  #replica: ReplicaConnection | undefined;
  #onSync: (connection: ReplicaConnection, request: SyncRequest) => void = (connection) => connection.close();
  #isRefused = false;

  private constructor(server: Server, credentials: Credentials, port: number, isTls: boolean) {
    this.#server = server;
    this.port = port;
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => this.#accept(socket, credentials));
    // Of a connection that could not be accepted; whoever waits for it is told by a deadline.
    server.on('error', () => {});
    // A client that cannot do TLS is a stranger.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** @throws invalid-settings where the address cannot be listened on, or certificate and key do not fit */
  static async listen({ host, port, credentials, tls }: MasterOptions): Promise<MomentaryMaster> {
    if (tls) assertUsable(tls);
    try {
      // Else a stranger who begins no TLS keeps `close` waiting for two minutes.
      const server = tls ? createTlsServer({ ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }) : createServer();
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address();
      const boundPort = typeof address === 'object' && address ? address.port : port;
      return new MomentaryMaster(server, credentials, boundPort, tls !== undefined);
    } catch (cause) {
      throw cannotListen(host, port, cause);
    }
  }

  /** True once the replica has come again without what it was sent: it could not take it, and never will. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /**
   * Lets the replica go on with the data it has, now and each time it connects again.
   * @param replicationId what it must have: another server, or one that restarted, is sent away
   * @returns fulfilled when it has connected
   */
  hold(replicationId: string): Promise<void> {
    const held = Promise.withResolvers<void>();
    this.#onSync = (connection, request) => {
      if (request.replicationId !== replicationId) this.#isRefused = true;
      if (request.replicationId !== replicationId || !this.#take(connection)) return connection.close();
      connection.answer(`+CONTINUE ${replicationId}`);
      connection.startPings();
      connection.closeWhenSilent();
      held.resolve();
    };
    return held.promise;
  }

  /**
   * Makes the replica replace all of its data by `dump`; it starts to load when the last bytes are sent. Until then it
   * keeps what it has.
   * @throws database-unreachable where it hangs up or does not connect; whatever `dump` and `beforeLastBytes` throw
   */
  async synchronize(sync: FullSync): Promise<void> {
    const connected = Promise.withResolvers<ReplicaConnection>();
    this.#onSync = (connection) => {
      if (this.#take(connection)) connected.resolve(connection);
      else connection.close();
    };
    this.#replica?.close();
    const replica = await orLate(connected.promise, sync.signal);
    // One that comes again has lost what we sent: it keeps its data until this restore is undone.
    this.#onSync = (connection) => connection.close();
    replica.answer(`+FULLRESYNC ${sync.replicationId} 0`);
    replica.answer(`$${sync.sizeBytes}`);
    const stopped = AbortSignal.any([sync.signal, replica.closed]);
    let sent = 0;
    const send = async (bytes: Uint8Array) => {
      const isSent = await replica.send(bytes, stopped);
      sync.signal.throwIfAborted();
      if (!isSent) throw hungUp(sent, sync.sizeBytes);
      sent += bytes.length;
      sync.onSent(sent);
    };
    try {
      const tail = await holdBackTail(untilAborted(sync.dump, stopped), WITHHELD_BYTES, send);
      await sync.beforeLastBytes();
      sync.signal.throwIfAborted();
      this.#isRefused = false;
      void this.hold(sync.replicationId);
      await send(tail);
      replica.startPings();
    } catch (error) {
      replica.close();
      sync.signal.throwIfAborted();
      throw stopped.aborted && error === stopped.reason ? hungUp(sent, sync.sizeBytes) : error;
    }
  }

  /** Hangs up and listens no more. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  #accept(socket: Socket, credentials: Credentials): void {
    if (this.#connections.size >= MAX_CONNECTIONS) return void socket.destroy();
    const connection = new ReplicaConnection(socket, credentials, (request) => this.#onSync(connection, request));
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }

  /** False where there is one already. */
  #take(connection: ReplicaConnection): boolean {
    if (this.#replica && !this.#replica.isClosed) return this.#replica === connection;
    this.#replica = connection;
    return true;
  }
}

async function orLate<T>(connected: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = AbortSignal.timeout(RECONNECT_TIMEOUT_MS);
  const given = AbortSignal.any([signal, late]);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(signal.aborted ? signal.reason : didNotConnect());
  };
  given.addEventListener('abort', onAbort, { once: true });
  try {
    given.throwIfAborted();
    return await Promise.race([connected, aborted.promise]);
  } finally {
    given.removeEventListener('abort', onAbort);
  }
}

function didNotConnect(): BackupError {
  return new BackupError(
    'database-unreachable',
    `FalkorDB did not connect again in ${RECONNECT_TIMEOUT_MS / 1000} s.`,
    {
      hint: 'Its log says why it cannot reach this agent.',
      retryable: true,
    },
  );
}

function hungUp(sent: number, sizeBytes: number): BackupError {
  return new BackupError('database-unreachable', `FalkorDB hung up after ${sent} of ${sizeBytes} bytes.`, {
    hint: 'Its log says why: its disk is full, it was stopped, or repl-timeout is shorter than the store was slow.',
    retryable: true,
  });
}

function cannotListen(host: string | undefined, port: number, cause: unknown): BackupError {
  const reason = systemErrorCode(cause) ?? 'unknown';
  return new BackupError(
    'invalid-settings',
    `This agent cannot listen on ${host ?? 'any address'}, port ${port}: ${reason}.`,
    {
      hint: 'RESTORE_ADVERTISE must name a port that is free on this host.',
      cause,
    },
  );
}
