import { randomBytes } from 'node:crypto';

const HOST = '127.0.0.1';
/** What the objects may take of the machine's memory; a limit, not a reservation. */
const STORE_BYTES = 12 * 1024 ** 3;

export interface CephLayout {
  folder: string;
  /** Identifies the cluster: a UUID. */
  clusterId: string;
  monitorPort: number;
  gatewayPort: number;
  /** How long a day of lifecycle rules lasts. Undefined is a real day. */
  lifecycleDaySeconds: number | undefined;
}

/** One monitor, one OSD in memory and one gateway; nothing in it needs a manager (ceph-mgr). */
export function cephConfig({ folder, clusterId, monitorPort, gatewayPort, lifecycleDaySeconds }: CephLayout): string {
  const monitor = `v2:${HOST}:${monitorPort}`;
  return section({
    global: {
      fsid: clusterId,
      keyring: `${folder}/keyring`,
      'run dir': folder,
      'crash dir': folder,
      'admin socket': '',
      // Everything goes to standard error, which our supervisor turns into one file.
      'log file': '',
      'log to stderr': true,
      'err to stderr': true,
      'log stderr prefix': '$name: ',
      'log max recent': 1,
      'debug rocksdb': 0,
      'mon cluster log file': '',
      'mon cluster log to file': false,
      // Loopback only, and one port where there would be one for each version of the protocol.
      'mon host': monitor,
      'public addr': HOST,
      'cluster addr': HOST,
      'ms bind ipv6': false,
      'ms bind msgr1': false,
      'ms bind retry delay': 1,
      'ms crc data': false,
      'ms async op threads': 1,
      // One copy of everything, in as few parts as there can be.
      'osd pool default size': 1,
      'osd pool default min size': 1,
      'osd pool default pg num': 1,
      'osd pool default pgp num': 1,
      'osd pool default pg autoscale mode': 'off',
      'mon allow pool size one': true,
      'auth allow insecure global id reclaim': false,
      // Each pool that the gateway makes at its start waits for a round of the monitor: a second by default.
      'paxos propose interval': 0.01,
      'paxos min wait': 0.001,
      // Who asks before the OSD is up sees that it has come at the next tick: 5 s by default.
      'objecter tick interval': 0.1,
    },
    mon: {
      'mon data': `${folder}/mon`,
      'public addrv': monitor,
      // The disk holds nothing but the monitor's few megabytes: how full it is does not matter.
      'mon data avail crit': 1,
      'mon data avail warn': 1,
    },
    osd: {
      'osd data': `${folder}/osd`,
      'osd objectstore': 'memstore',
      'memstore device bytes': STORE_BYTES,
    },
    'client.rgw': {
      'rgw data': `${folder}/rgw`,
      'rgw frontends': `beast endpoint=${HOST}:${gatewayPort}`,
      'rgw thread pool size': 64,
      // Memory of removed objects comes back at once, not after two hours.
      'rgw gc obj min wait': 1,
      'rgw gc processor period': 2,
      'rgw gc processor max time': 60,
      ...(lifecycleDaySeconds === undefined ? {} : lifecycle(lifecycleDaySeconds)),
    },
  });
}

/** A pass over a bucket is given up after a day; each rule takes 0.2 s of it for each worker, however little there is to do. */
function lifecycle(daySeconds: number): Record<string, number> {
  return { 'rgw lc debug interval': daySeconds, 'rgw lc max worker': 1, 'rgw lc max wp worker': 1 };
}

/** Keys of everything that logs in: the gateway cannot without cephx. */
export function cephKeyring(): string {
  const caps = { 'caps mon': '"allow *"', 'caps osd': '"allow *"' };
  return section({
    'mon.': { key: secretKey(), 'caps mon': '"allow *"' },
    'osd.0': { key: secretKey(), ...caps },
    'client.rgw': { key: secretKey(), ...caps },
  });
}

/** What `ceph-authtool --gen-print-key` makes: type 1 (AES), a creation time of eight bytes, length, key. */
function secretKey(): string {
  const header = Buffer.alloc(12);
  header.writeUInt16LE(1, 0);
  header.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  header.writeUInt16LE(16, 10);
  return Buffer.concat([header, randomBytes(16)]).toString('base64');
}

function section(sections: Record<string, Record<string, string | number | boolean>>): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `\t${key} = ${value}\n`);
      return `[${name}]\n${lines.join('')}`;
    })
    .join('\n');
}
