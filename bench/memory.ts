/*
 * How much memory the agent takes for a large dump: fills a throw-away FalkorDB, then runs the commands of the bundled
 * agent and prints the peak resident memory of each.
 *
 *   npm run bench:memory                 a dump of about 1 GB, into a folder
 *   npm run bench:memory -- 2000 s3      about 2 GB, into S3: a Ceph gateway in memory (docs/architecture.md, Tests)
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { formatBytes, formatTable } from '../agent/cli/format.ts';
import { parseAddress } from '../agent/falkordb/address.ts';
import { Database } from '../agent/falkordb/database.ts';
import { startScratch } from '../agent/falkordb/scratch.ts';
import { startCephGateway } from '../test/support/s3/ceph-gateway.ts';

const POLL_MS = 10;
const NODES_PER_QUERY = 10_000;
/** A node with this vector takes some 3 kB of a dump, and compresses as embeddings do: hardly. */
const VECTOR_DIMENSION = 768;
const BYTES_PER_NODE = 3_090;

interface Measured {
  command: string;
  seconds: number;
  peakBytes: number;
}

const [megabytes = '1000', kind = 'folder'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'falkordb-backup-bench-'));
try {
  await using server = await startScratch({ config: { 'repl-diskless-sync-delay': '0' } });
  await fill(server.url, Math.ceil((Number(megabytes) * 1e6) / BYTES_PER_NODE / NODES_PER_QUERY));
  await using store = await openStore(kind);
  const env = {
    ...process.env,
    FALKORDB_URL: server.url,
    BACKUP_LOG_LEVEL: 'warn',
    BACKUP_STATE_DIR: join(folder, 'state'),
    ...store.settings,
  };
  const measured = [
    await measure(['backup', '--source', 'bgsave'], env),
    await measure(['backup', '--source', 'replication'], env),
    await measure(['verify'], env),
    await measure(['fetch', '--output', join(folder, 'dump.rdb')], env),
    await measure(['verify', '--load'], env),
    await measure(['restore', 'latest', '--force'], env),
  ];
  const rows = measured.map(({ command, seconds, peakBytes }) => [
    command,
    `${seconds.toFixed(1)} s`,
    formatBytes(peakBytes),
  ]);
  process.stdout.write(`\n${formatTable(['COMMAND', 'TIME', 'PEAK MEMORY'], rows)}\n`);
} finally {
  await rm(folder, { recursive: true });
}

async function openStore(where: string): Promise<AsyncDisposable & { settings: Record<string, string> }> {
  if (where !== 's3') {
    const settings = { BACKUP_STORE: pathToFileURL(join(folder, 'store')).href };
    return { settings, [Symbol.asyncDispose]: async () => {} };
  }
  const gateway = await startCephGateway();
  const { endpoint, region, accessKeyId, secretAccessKey } = gateway;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'bench' }));
  const settings = {
    BACKUP_STORE: 's3://bench/backups',
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY: accessKeyId,
    S3_SECRET_KEY: secretAccessKey,
  };
  return { settings, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

async function fill(url: string, queries: number): Promise<void> {
  const address = parseAddress(url);
  if (!address) throw new Error(`no address: ${url}`);
  using db = await Database.connect(address);
  for (let i = 0; i < queries; i++) {
    await db.call(
      'GRAPH.QUERY',
      'bench',
      `UNWIND range(1, ${NODES_PER_QUERY}) AS i CREATE (:Chunk {id: i, v: vecf32([x IN range(1, ${VECTOR_DIMENSION}) | rand()])})`,
    );
  }
}

/** The peak is the kernel's own high-water mark, read until the process has ended. */
async function measure(args: string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const started = performance.now();
  const child = spawn(process.execPath, ['dist/agent.mjs', ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  let peakBytes = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peakBytes = Math.max(peakBytes, await highWaterMark(child.pid));
    await setTimeout(POLL_MS);
  }
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode ?? child.signalCode}`);
  return { command: args.slice(0, 3).join(' '), seconds: (performance.now() - started) / 1000, peakBytes };
}

async function highWaterMark(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
