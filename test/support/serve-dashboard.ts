import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { parseAddress } from '../../agent/falkordb/address.ts';
import { startScratch } from '../../agent/falkordb/scratch.ts';
import { LogBuffer } from '../../agent/web/log-buffer.ts';
import { startWebServer } from '../../agent/web/web-server.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { recordRequested, recordStarted, recordVerdict } from '../../core/catalog/runs.ts';
import { formatBackupId, parseBackupId } from '../../core/model/backup-id.ts';
import type { Tier } from '../../core/model/tiers.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';
import { openStore } from '../../core/store/open-store.ts';
import { EXAMPLE_GRAPH } from './example-manifest.ts';
import { ServedTargets, servedTarget } from './served-targets.ts';
import { storeBackup } from './stored-backups.ts';
import { temporaryFolder } from './temporary-folder.ts';

/*
 * `node test/support/serve-dashboard.ts [port]`: the dashboard of two targets, one of them a FalkorDB that is there, with
 * made-up backups of two months. Its token is below. Ends with SIGTERM or Ctrl-C.
 */
const TOKEN = 'token-of-the-dashboard';
const HOUR_MS = 3600 * 1000;
const DAY_MS = 24 * HOUR_MS;

const stop = Promise.withResolvers<void>();
process.once('SIGTERM', stop.resolve).once('SIGINT', stop.resolve);

await using folder = await temporaryFolder();
await using server = await startScratch({ config: { 'repl-diskless-sync-delay': '0' } });
const client = new Redis(server.url, { retryStrategy: null });
await client.call('GRAPH.QUERY', 'knowledge', 'UNWIND range(1, 500) AS i CREATE (:Entity {i: i})-[:KNOWS]->(:Entity)');
await client.call('GRAPH.QUERY', 'dependencies', 'UNWIND range(1, 50) AS i CREATE (:Package {i: i})');
for (let key = 0; key < 100; key++) await client.set(`key${key}`, key);
// A backup takes some seconds, so that one sees it.
await client.config('SET', 'rdb-key-save-delay', 40_000);

const logs = new LogBuffer();
const log = pino(
  { base: {}, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level: string) => ({ level }) } },
  logs,
);
const store = openStore(pathToFileURL(join(folder.path, 'store')).href);
const address = parseAddress(server.url);
if (!address) throw new Error(`${server.url} is no address`);
const away = { ...address, port: 1 };
const service = new ServedTargets(
  [
    servedTarget({ address }, store, { target: 'graphiti-prod' }),
    servedTarget({ address: away }, store, { target: 'graphiti-staging' }),
  ],
  log,
);

await makeHistory('graphiti-prod');
const port = Number(process.argv[2] ?? 0);
const web = await startWebServer({
  service,
  logs,
  listen: { host: '127.0.0.1', port },
  token: TOKEN,
  refreshSeconds: 30,
  log,
  now: () => new Date(),
  metrics: async () => '# TYPE falkordb_backup_info gauge\n',
});
const looks = setInterval(() => {
  service.lookedAt = new Date();
}, 10_000);
process.stdout.write(`${web.url}  token: ${TOKEN}\n`);

await stop.promise;
clearInterval(looks);
await web.close();
await service.idle();
client.disconnect();

async function makeHistory(target: string): Promise<void> {
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const make = async (tier: Tier, at: number, grownBy: number) => {
    if (at > Date.now()) return;
    const graphs = [{ ...EXAMPLE_GRAPH, name: 'knowledge', nodes: 1000 + grownBy, edges: 3000 + 2 * grownBy }];
    const runId = `${toCompactTimestamp(new Date(at))}-${tier}`;
    await storeBackup(store, target, tier, new Date(at), { runId, graphs });
  };
  for (let day = 60; day >= 0; day--) {
    const at = midnight - day * DAY_MS;
    if (day <= 30) await make('daily', at + 2.5 * HOUR_MS, 10 * (60 - day));
    if (day % 7 === 0) await make('weekly', at + 3 * HOUR_MS, 10 * (60 - day));
    if (day % 30 === 0) await make('monthly', at + 4 * HOUR_MS, 10 * (60 - day));
    if (day <= 2) for (let hour = 0; hour < 24; hour += 4) await make('snapshot', at + hour * HOUR_MS, 10 * (60 - day));
  }
  await make('pre-restore', midnight - 5 * DAY_MS, 500);
  const pinned = parseBackupId(
    formatBackupId({ target, tier: 'daily', scheduledFor: new Date(midnight - 20 * DAY_MS + 2.5 * HOUR_MS) }),
  );
  if (pinned)
    await addMark(store, pinned, { mark: 'pinned', by: 'alice', note: 'before the migration', now: new Date() });
  await makeFailure(target, new Date(Date.now() - 2 * HOUR_MS));
}

async function makeFailure(target: string, at: Date): Promise<void> {
  const backupId = formatBackupId({ target, tier: 'weekly', scheduledFor: at });
  const run = { schemaVersion: 1 as const, runId: `${backupId.slice(0, 16)}-weekly`, target };
  const message = 'Cannot write to the store: there is no space left (ENOSPC).';
  const failure = {
    code: 'store-full',
    message,
    hint: 'Free space on the disk that holds the backups.',
    retryable: false,
  };
  await recordRequested(store, { ...run, verb: 'backup', backupId, requestedAt: at.toISOString() });
  const began = { startedAt: at.toISOString(), host: 'db-1', pid: 1, toolVersion: '0.1.0' };
  await recordStarted(store, { ...run, ...began });
  const endedAt = new Date(at.getTime() + 90_000).toISOString();
  await recordVerdict(store, { ...run, verdict: 'failed', endedAt, reason: null, failure });
  log.error({ target, runId: run.runId, backupId, err: { code: failure.code, message } }, message);
}
