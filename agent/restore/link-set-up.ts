import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import type { Database } from '../falkordb/database.ts';
import type { HostAndPort } from '../falkordb/freeze.ts';
import { type MasterOptions, MomentaryMaster } from '../falkordb/master/momentary-master.ts';
import { sha256 } from '../falkordb/set-free.ts';

/** A master that the server can log in to, and where it may reach it. */
export interface LinkSetUp {
  master: MomentaryMaster;
  addresses: HostAndPort[];
  /** To be set for the moment; null where the server has one of its own. */
  masterauth: { password: string; sha256: string } | null;
}

/**
 * Listens for the server. It changes nothing on it.
 * @throws invalid-settings where nothing can listen; database-*
 */
export async function setUpLink(db: Database, { advertise, replicationTls }: Config): Promise<LinkSetUp> {
  const settings = await db.config('master*');
  const tls = (await db.config('tls-replication')).get('tls-replication') === 'yes' ? replicationTls : undefined;
  const own = settings.get('masterauth') ?? '';
  const password = own === '' ? randomBytes(32).toString('hex') : own;
  const credentials: MasterOptions['credentials'] = { user: settings.get('masteruser') || undefined, password };
  const { remoteHost } = await db.connection();
  const host = advertise ? listenHost(advertise.host) : db.localHost;
  // Last: what fails after it would leave it listening, and this process alive.
  const master = await MomentaryMaster.listen({ host, port: advertise?.port ?? 0, credentials, tls });
  const hosts = advertise ? [advertise.host] : [...new Set([remoteHost, db.localHost])];
  return {
    master,
    addresses: hosts.map((each) => ({ host: each, port: master.port })),
    masterauth: own === '' ? { password, sha256: sha256(password) } : null,
  };
}

/** An advertised name may belong to another machine that forwards to us; one of this host's own is not widened. */
function listenHost(advertised: string): string | undefined {
  const isLoopback = advertised === 'localhost' || advertised === '::1' || advertised.startsWith('127.');
  return isIP(advertised) !== 0 && isLoopback ? advertised : isLoopback ? '127.0.0.1' : undefined;
}
