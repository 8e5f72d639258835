import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';

export interface ListenAddress {
  host: string;
  port: number;
}

/** @returns the port @throws invalid-settings */
export async function startListening(server: Server, { host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const onError = (cause: unknown) => reject(cannotListen(host, port, cause));
  server.once('error', onError);
  server.listen(port, host, () => {
    server.off('error', onError);
    resolve((server.address() as AddressInfo).port);
  });
  return promise;
}

function cannotListen(host: string, port: number, cause: unknown): BackupError {
  const code = systemErrorCode(cause);
  const why: Record<string, string> = {
    EADDRINUSE: 'the port is in use',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no host of that name',
    EAI_AGAIN: 'there is no host of that name',
    EACCES: 'this user may not use that port',
  };
  const reason = why[code ?? ''] ?? 'the system refused it';
  return new BackupError('invalid-settings', `Cannot listen on ${hostAndPort(host, port)}: ${reason} (${code}).`, {
    hint: 'Set BACKUP_LISTEN to an address of this machine and a free port, such as 127.0.0.1:8090.',
    cause,
  });
}

export function urlOf(host: string, port: number): string {
  return `http://${hostAndPort(host, port)}`;
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
