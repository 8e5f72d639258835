import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { type BackupDeps, type BackupResult, backup } from '../../agent/backup.ts';
import type { Config } from '../../agent/config.ts';
import { readDump } from '../../agent/pipeline/read-dump.ts';
import { verifyAll } from '../../agent/verify.ts';
import { listBackups } from '../../core/catalog/catalog.ts';
import { listRuns, type Run } from '../../core/catalog/runs.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { DEFAULT_PRUNE_SCHEDULE, DEFAULT_SCHEDULES, type Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { LiveServer } from './live-server.ts';
import { DEFAULT_POLICY } from './retainables.ts';

export const TARGET = 'falkordb';

let runs = 0;

/** A run id that sorts by when it was made. */
export function nextRunId(): string {
  runs += 1;
  return `20300101T000000Z-run-${String(runs).padStart(6, '0')}`;
}

let scheduled = Date.parse('2030-01-01T00:00:00Z');

/** A scheduled time that no backup of this test run has had, and later than all of those. */
export function nextTime(): Date {
  scheduled += 60_000;
  return new Date(scheduled);
}

export interface BackupCall {
  tier?: Tier;
  scheduledFor?: Date;
  runId?: string;
  config?: Partial<Config>;
  deps?: Partial<BackupDeps>;
}

/** The defaults of the settings, for a server and a store. */
export function configOf(falkordb: Config['falkordb'], store: ObjectStore): Config {
  return {
    target: TARGET,
    falkordb,
    dataFolder: undefined,
    storeUrl: store.url,
    s3: {},
    source: 'auto',
    compression: 'zstd',
    scratchFolder: tmpdir(),
    engineFolder: undefined,
    stateFolder: '/nonexistent',
    advertise: undefined,
    replicationTls: undefined,
    retention: DEFAULT_POLICY,
    keepRuns: { amount: 400, unit: 'd' },
    eventBus: undefined,
    webhooks: { urls: [], secret: undefined, shape: undefined, types: [] },
    heartbeatUrl: undefined,
    logLevel: 'silent',
    logFile: undefined,
    metricsFile: undefined,
    busyTimeoutSeconds: 60,
    saveTimeoutSeconds: 60,
    timeoutSeconds: 120,
    service: {
      schedules: { ...DEFAULT_SCHEDULES, prune: DEFAULT_PRUNE_SCHEDULE },
      timeZone: 'UTC',
      jitterSeconds: 0,
      stopTimeoutSeconds: 30,
      listen: { host: '127.0.0.1', port: 0 },
      dashboardToken: undefined,
      dashboardUrl: undefined,
      refreshSeconds: 300,
    },
  };
}

/** `backup()` of a live server with the defaults of the settings. */
export async function backUp(
  { address }: Pick<LiveServer, 'address'>,
  store: ObjectStore,
  call: BackupCall = {},
): Promise<BackupResult> {
  const { tier = 'manual', scheduledFor = nextTime(), runId = nextRunId() } = call;
  const config = { ...configOf(address, store), ...call.config };
  return backup(
    { tier, scheduledFor, runId },
    {
      config,
      store,
      now: () => new Date(),
      log: pino({ level: 'silent' }),
      onProgress: () => {},
      signal: new AbortController().signal,
      ...call.deps,
    },
  );
}

export function manifestOf(result: BackupResult): Manifest {
  if (result.status === 'completed') return result.manifest;
  throw new Error(`the backup was skipped: ${result.reason}`);
}

/** The plain dump of a backup, after all of its checks. */
export async function dumpOf(store: ObjectStore, manifest: Manifest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const options = { onProgress: () => {}, signal: new AbortController().signal };
  for await (const chunk of readDump(store, manifest, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function runsOf(store: ObjectStore): Promise<Run[]> {
  return listRuns(store, TARGET, new Date(0));
}

/** Ids of the backups that exist, all of which verify. @throws where one does not */
export async function wholeBackups(store: ObjectStore): Promise<string[]> {
  const deps = { store, onProgress: () => {}, signal: new AbortController().signal };
  for (const { failure } of await verifyAll(deps, TARGET)) if (failure) throw failure;
  return (await listBackups(store, { target: TARGET })).map(({ backupId }) => backupId);
}
