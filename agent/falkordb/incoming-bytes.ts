import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Address, tlsOptions } from './address.ts';

const RECEIVE_BYTES = 256 * 1024;

/** What comes over a new connection, which waits while nobody asks for it. */
export interface IncomingBytes {
  socket: Socket;
  /**
   * The next bytes, valid until the next call; undefined where the other side has hung up.
   * @throws what has ended the connection
   */
  next(): Promise<Buffer | undefined>;
}

export function openConnection(address: Address): IncomingBytes {
  return address.tls ? overTls(address) : overTcp(address);
}

/** Not in one buffer: Node writes all records that it has received into it, also while the socket rests. */
function overTls(address: Address): IncomingBytes {
  const socket = connectTls({ port: address.port, ...tlsOptions(address) });
  const chunks: AsyncIterator<Buffer, undefined> = socket[Symbol.asyncIterator]();
  return { socket, next: async () => (await chunks.next()).value };
}

/** Into one buffer: a dump's worth of new ones keeps the garbage collector busy. */
function overTcp({ host, port }: Address): IncomingBytes {
  let arrived: Buffer | undefined;
  let ended: { error: Error | undefined } | undefined;
  let wake = () => {};
  const onread = {
    buffer: Buffer.allocUnsafeSlow(RECEIVE_BYTES),
    callback: (length: number, { buffer, byteOffset }: Uint8Array) => {
      arrived = Buffer.from(buffer, byteOffset, length);
      wake();
      // The socket rests until these bytes were consumed.
      return false;
    },
  };
  const socket = connectTcp({ host, port, onread });
  const end = (error?: Error) => {
    ended ??= { error };
    wake();
  };
  socket.on('error', end);
  for (const event of ['end', 'close']) socket.once(event, () => end());
  const next = async () => {
    if (!arrived && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        socket.resume();
      });
    }
    const bytes = arrived;
    arrived = undefined;
    if (!bytes && ended?.error) throw ended.error;
    return bytes;
  };
  return { socket, next };
}
