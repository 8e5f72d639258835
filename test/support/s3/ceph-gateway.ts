import { randomBytes, randomUUID } from 'node:crypto';
import { access, constants, type FileHandle, mkdir, mkdtemp, open, realpath, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Supervised, supervise } from '../../../agent/falkordb/supervisor.ts';
import { cephConfig, cephKeyring } from './ceph-config.ts';
import type { S3Server } from './server.ts';

const HOST = '127.0.0.1';
/** It takes a second on a machine that does nothing else. */
const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 25;
const STOP_TIMEOUT_MS = 30_000;
const LOG_TAIL_BYTES = 16_000;
const LOG_TAIL_LINES = 30;
/** Another process may take a free port before its daemon does. */
const PORT_ATTEMPTS = 5;
const PORT_TAKEN = /address already in use|unable to bind/i;
const COMMANDS = ['ceph-mon', 'ceph-osd', 'osdmaptool', 'radosgw', 'radosgw-admin'];

/**
 * - The daemons are one process group, which the supervisor kills as a whole; so does the first that fails or ends.
 * - The threshold makes the C library give the memory of removed objects back, which it keeps otherwise.
 * - The map with one OSD in it, and the keyring, spare the start all calls of the `ceph` command (Python, 0.5 s each).
 */
const SCRIPT = `
cd "$1" || exit
export CEPH_CONF="$1/ceph.conf" MALLOC_MMAP_THRESHOLD_=1048576
must() { "$@" || { echo "failed with exit code $?: $*" >&2; kill -s KILL 0; }; }
daemon() { must "$@"; echo "ended: $*" >&2; kill -s KILL 0; }
must osdmaptool --createsimple 1 osdmap
must ceph-osd -i 0 --no-mon-config --mkfs >mkfs.log &
mkfs=$!
must ceph-mon -i a --mkfs --keyring keyring --osdmap osdmap
daemon ceph-mon -i a -f &
wait "$mkfs"
daemon ceph-osd -i 0 -f &
must radosgw-admin -n client.rgw user create --uid=test --display-name=test --access-key="$2" --secret-key="$3" >user.log
daemon radosgw -n client.rgw -f
`;

export interface CephOptions {
  /** How long a day of lifecycle rules lasts. A real day by default. */
  lifecycleDaySeconds?: number;
}

export interface CephGateway extends S3Server, AsyncDisposable {}

/** What of Ceph this machine lacks; empty where the gateway can be started. */
export async function missingCephCommands(): Promise<string[]> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const isThere = async (command: string) => {
    const found = folders.map((folder) => access(join(folder, command), constants.X_OK));
    return Promise.any(found).then(
      () => true,
      () => false,
    );
  };
  const there = await Promise.all(COMMANDS.map(isThere));
  return COMMANDS.filter((_, index) => !there[index]);
}

/**
 * A real S3 server of its own: Ceph's gateway, with its objects in memory, on 127.0.0.1 only. Neither a process nor a
 * temporary file stays behind, even when this process is killed with -9.
 */
export async function startCephGateway(options: CephOptions = {}): Promise<CephGateway> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(options);
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !(error instanceof Error && PORT_TAKEN.test(error.message))) throw error;
    }
  }
}

async function launch({ lifecycleDaySeconds }: CephOptions): Promise<CephGateway> {
  const [monitorPort, gatewayPort] = await freePorts();
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'falkordb-backup-ceph-'));
  const layout = { folder, clusterId: randomUUID(), monitorPort, gatewayPort, lifecycleDaySeconds };
  await Promise.all(['mon', 'osd', 'rgw'].map((daemon) => mkdir(join(folder, daemon))));
  await writeFile(join(folder, 'ceph.conf'), cephConfig(layout));
  await writeFile(join(folder, 'keyring'), cephKeyring(), { mode: 0o600 });
  const logFile = join(folder, 'ceph.log');
  // Read back through its handle, because the file is removed together with the daemons.
  const log = await open(logFile, 'ax+', 0o600);
  const accessKeyId = randomBytes(10).toString('hex');
  const secretAccessKey = randomBytes(20).toString('hex');
  const command = ['/bin/sh', '-c', SCRIPT, 'ceph', folder, accessKeyId, secretAccessKey];
  const daemons = supervise(command, { folder, log: logFile });
  const endpoint = `http://${HOST}:${gatewayPort}`;
  try {
    await untilReady(endpoint, daemons, log);
  } catch (error) {
    await stop(daemons);
    throw error;
  } finally {
    await log.close();
  }
  return {
    endpoint,
    accessKeyId,
    secretAccessKey,
    region: 'us-east-1',
    [Symbol.asyncDispose]: () => stop(daemons),
  };
}

/** The gateway is the last to start, and listens only after it has logged in and found its pools. */
async function untilReady(endpoint: string, daemons: Supervised, log: FileHandle): Promise<void> {
  const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
  let hasEnded = false;
  daemons.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && !deadline.aborted) {
    const answer = await fetch(endpoint, { signal: deadline }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await setTimeout(READY_POLL_MS);
  }
  const reason = hasEnded ? 'it ended by itself' : `not ready after ${READY_TIMEOUT_MS} ms`;
  throw new Error(`Ceph did not start: ${reason}. Its log ends with:\n${await tail(log)}`);
}

async function tail(log: FileHandle): Promise<string> {
  const { size } = await log.stat();
  const position = Math.max(0, size - LOG_TAIL_BYTES);
  const { buffer, bytesRead } = await log.read(Buffer.alloc(LOG_TAIL_BYTES), { position });
  const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-LOG_TAIL_LINES)
    .join('\n');
}

async function stop(daemons: Supervised): Promise<void> {
  daemons.kill();
  const waiting = new AbortController();
  const late = setTimeout(STOP_TIMEOUT_MS, 'late' as const, { signal: waiting.signal });
  const outcome = await Promise.race([daemons.ended, late]).finally(() => waiting.abort());
  if (outcome === 'late') throw new Error(`Ceph did not end in ${STOP_TIMEOUT_MS} ms`);
}

/** Two that differ, because both are held before either is given back. */
async function freePorts(): Promise<[number, number]> {
  const probes = [createServer(), createServer()] as const;
  const ports = probes.map(async (probe) => {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, HOST, resolve));
    const address = probe.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  });
  const [first = 0, second = 0] = await Promise.all(ports);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return [first, second];
}
