/*
 * How long a restore takes until every index is OPERATIONAL, beside what one would do by hand: stop the server, copy the
 * dump into its folder, start it again. Same machine, same dump, same FalkorDB; the best of several rounds of each.
 *
 *   npm run bench:restore                 200,000 nodes, 3 rounds
 *   npm run bench:restore -- 1000000 5
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatBytes, formatTable } from '../agent/cli/format.ts';
import { type Address, parseAddress } from '../agent/falkordb/address.ts';
import { Database } from '../agent/falkordb/database.ts';
import { untilIndexed } from '../agent/falkordb/index-readiness.ts';
import { startScratch } from '../agent/falkordb/scratch.ts';

const NODES_PER_QUERY = 10_000;
const INDEXES = [
  'CREATE INDEX FOR (p:Person) ON (p.id, p.name)',
  "CALL db.idx.fulltext.createNodeIndex('Person', 'bio')",
  'CREATE INDEX FOR ()-[k:KNOWS]-() ON (k.since)',
];
const signal = new AbortController().signal;

const [nodes = '200000', rounds = '3'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'falkordb-backup-bench-'));
const env = {
  ...process.env,
  BACKUP_STORE: pathToFileURL(join(folder, 'store')).href,
  BACKUP_STATE_DIR: join(folder, 'state'),
  BACKUP_LOG_LEVEL: process.env.BACKUP_LOG_LEVEL ?? 'error',
};
const dump = join(folder, 'dump.rdb');
try {
  await using server = await startScratch();
  const address = addressOf(server.url);
  await fill(address, Number(nodes) / NODES_PER_QUERY);
  const agent = (...args: string[]) => run(args, server.url);
  await agent('backup');
  await agent('fetch', '--output', dump);

  const unproved: number[] = [];
  const proved: number[] = [];
  const byHand: number[] = [];
  unproved.push(await timed(() => agent('restore', 'latest', '--force')));
  for (let round = 0; round < Number(rounds); round++) {
    proved.push(await timed(() => agent('restore', 'latest', '--force')));
    byHand.push(await copyAndRestart(round));
  }
  const best = Math.min(...byHand);
  const row = (what: string, seconds: number) => [what, `${seconds.toFixed(2)} s`, (seconds / best).toFixed(2)];
  const rows = [
    row('stop, copy the file, start, indexes operational', best),
    row('restore of a proved backup (safety backup, compare, persist)', Math.min(...proved)),
    row('restore of an unproved backup (loads it once more before)', Math.min(...unproved)),
  ];
  const { size } = await stat(dump);
  process.stdout.write(
    `\n${nodes} nodes, dump of ${formatBytes(size)}\n${formatTable(['WHAT', 'TIME', 'RATIO'], rows)}\n`,
  );
} finally {
  await rm(folder, { recursive: true });
}

/** With the old data in place, as the server of a restore has it. */
async function copyAndRestart(round: number): Promise<number> {
  const data = join(folder, `data-${round}`);
  await mkdir(data);
  await copyFile(dump, join(data, 'dump.rdb'));
  const old = await startScratch({ folder: data });
  return timed(async () => {
    await old.stop();
    await copyFile(dump, join(data, 'dump.rdb'));
    await using fresh = await startScratch({ folder: data, readyTimeoutMs: 600_000 });
    using db = await Database.connect(addressOf(fresh.url));
    await untilIndexed(db, { onProgress: () => {}, signal });
  });
}

async function timed(body: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await body();
  return (performance.now() - started) / 1000;
}

async function run(args: string[], url: string): Promise<void> {
  const options = { env: { ...env, FALKORDB_URL: url }, stdio: ['ignore', 'ignore', 'inherit'] as const };
  const child = spawn(process.execPath, ['dist/agent.mjs', ...args], { ...options, stdio: [...options.stdio] });
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}`);
}

async function fill(address: Address, queries: number): Promise<void> {
  using db = await Database.connect(address);
  for (const index of INDEXES) await db.call('GRAPH.QUERY', 'bench', index);
  for (let query = 0; query < queries; query++) {
    await db.call(
      'GRAPH.QUERY',
      'bench',
      `UNWIND range(1, ${NODES_PER_QUERY}) AS i
       CREATE (:Person {id: ${query * NODES_PER_QUERY} + i, name: 'person ' + i, bio: 'likes graph number ' + i + ' and ' + toString(rand())})-[:KNOWS {since: i}]->(:City {id: i})`,
    );
  }
  await untilIndexed(db, { onProgress: () => {}, signal });
}

function addressOf(url: string): Address {
  const address = parseAddress(url);
  if (!address) throw new Error(`no address: ${url}`);
  return address;
}
