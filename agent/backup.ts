import { setTimeout } from 'node:timers/promises';
import { commitManifest, newest, newestOfTiers } from '../core/catalog/catalog.ts';
import { findSettled } from '../core/catalog/tombstones.ts';
import { type BackupIdParts, formatBackupId } from '../core/model/backup-id.ts';
import { BackupError } from '../core/model/errors.ts';
import { dumpKey, stateKey } from '../core/model/keys.ts';
import type { Manifest } from '../core/model/manifest.ts';
import { TIERS, type Tier } from '../core/model/tiers.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { encodeJson, listedBytes, putIfAbsent } from '../core/store/small-object.ts';
import { buildManifest } from './backup-manifest.ts';
import type { Outcome } from './conclusion.ts';
import type { Config } from './config.ts';
import { findCovering } from './covered.ts';
import { backupEnded } from './events.ts';
import { Database } from './falkordb/database.ts';
import { takeQuietInventory } from './falkordb/inventory.ts';
import { preflight } from './falkordb/preflight.ts';
import { readServerState } from './falkordb/server-state.ts';
import { writeMarker } from './falkordb/write-marker.ts';
import { boundLog } from './logging/bound-log.ts';
import { EXTENSIONS } from './pipeline/codec.ts';
import { Digest } from './pipeline/observe.ts';
import type { OnProgress } from './progress.ts';
import { recordRun, type Work } from './run.ts';
import { takeDump } from './take-dump.ts';
import { createTeller, type TellingDeps } from './telling.ts';
import { isUnchanged } from './unchanged.ts';

export interface BackupRequest {
  tier: Tier;
  /** Whole seconds count: a retry with the same time is the same backup. */
  scheduledFor: Date;
  runId: string;
  /**
   * True where a clock asked for it: it waits for another run that is at work on the target (a snapshot for
   * `busyTimeoutSeconds`, a larger one, which comes seldom, for as long as it may last), and is skipped where a larger
   * backup was taken meanwhile. False where somebody waits for it: it fails at once.
   */
  isScheduled?: boolean;
}

export interface BackupDeps extends TellingDeps {
  config: Config;
  store: ObjectStore;
  now: () => Date;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export type BackupResult =
  | { status: 'completed'; runId: string; manifest: Manifest }
  | { status: 'skipped'; runId: string; backupId: string; reason: 'unchanged' | 'covered'; by: string };

/**
 * Makes one backup of the target, or finds that it exists already.
 * @throws lease-held, database-*, store-*, integrity, deadline, interrupted; invalid-argument where this very backup was
 * given up and its left-overs removed
 */
export async function backup(request: BackupRequest, deps: BackupDeps): Promise<BackupResult> {
  const { config, store, now, signal } = deps;
  const { runId, isScheduled = false } = request;
  const parts = { target: config.target, tier: request.tier, scheduledFor: request.scheduledFor };
  const backupId = formatBackupId(parts);
  const log = boundLog(deps.log, { runId, backupId });
  const run = {
    verb: 'backup' as const,
    runId,
    target: config.target,
    backupId,
    store,
    now,
    log,
    timeoutSeconds: config.timeoutSeconds,
    waitSeconds: isScheduled ? waitOf(request.tier, config) : 0,
    signal,
  };
  const outcome = await recordRun(run, (work) => makeBackup(parts, runId, work, { ...deps, log }, { isScheduled }), {
    teller: createTeller({ ...deps, log }),
    describe: (end) => backupEnded({ target: config.target, runId, backupId }, end),
  });
  if (outcome.status === 'skipped') return { runId, backupId, ...outcome };
  return { status: 'completed', runId, manifest: outcome.value };
}

/** The next snapshot comes soon; what a larger tier misses, it misses for its whole period. */
function waitOf(tier: Tier, { busyTimeoutSeconds }: Config): number {
  return tier === 'snapshot' ? busyTimeoutSeconds : Number.POSITIVE_INFINITY;
}

/**
 * The work of one backup, under a lease that is held already.
 * @throws as `backup`
 */
export async function makeBackup(
  parts: BackupIdParts,
  runId: string,
  { lease, signal }: Work,
  { config, store, now, log, onProgress }: BackupDeps,
  { isScheduled = false }: Pick<BackupRequest, 'isScheduled'> = {},
): Promise<Outcome<Manifest>> {
  const startedAt = now();
  const wait = (ms: number) => setTimeout(ms, undefined, { signal });
  const existing = await findSettled(store, parts, { now, wait });
  if (existing && 'tombstone' in existing) throw entombed(parts, existing.removedAt);
  if (existing) {
    log.info('This backup exists already; nothing to do');
    return { status: 'completed', value: existing };
  }
  const covering = isScheduled ? await findCovering(store, parts) : undefined;
  if (covering && (await isStored(store, covering))) {
    log.info({ by: covering.backupId }, 'A larger backup was taken since this one was due');
    return { status: 'skipped', reason: 'covered', by: covering.backupId };
  }
  using db = await Database.connect(config.falkordb);
  const info = await preflight(db);
  // First, so that the graphs are counted as late as possible.
  const state = encodeJson(await readServerState(db));
  const count = () =>
    takeQuietInventory(db, {
      onProgress: (done, total) => onProgress({ phase: 'inventory', unit: 'graphs', done, total }),
      signal,
    });
  let inventory = await count();
  const { falkordbVersion: falkordb, redisVersion: redis } = info;
  log.info({ graphs: inventory.graphs.length, falkordb, redis }, 'Took the inventory');

  if (parts.tier === 'snapshot') {
    const last = newest(await newestOfTiers(store, parts.target, TIERS));
    if (last && isUnchanged(last, info, inventory.graphs) && (await isStored(store, last))) {
      log.info({ last: last.backupId }, 'Nothing was written since the last backup');
      return { status: 'skipped', reason: 'unchanged', by: last.backupId };
    }
    // The store was asked meanwhile, which takes its time.
    if ((await writeMarker(db, { ownSaves: 0 })) !== inventory.marker) inventory = await count();
  }

  const attempt = { runId, attempt: lease.attempt };
  const began = performance.now();
  const key = dumpKey(parts, attempt, EXTENSIONS[config.compression]);
  const dump = await takeDump(db, key, { config, store, log: (message) => log.info(message), onProgress, signal });
  const ended = performance.now();
  const { rdb, stored } = dump.value;
  log.info({ source: dump.kind, bytes: rdb.bytes, stored: stored.bytes }, 'Stored the dump');

  await lease.assertHeld();
  const stateObject = await storeState(store, stateKey(parts, attempt), state);
  const manifest = buildManifest({
    parts,
    runId,
    startedAt,
    completedAt: now(),
    info,
    graphs: inventory.graphs,
    countsExact: inventory.marker === dump.written.markerAtFork,
    dump,
    compression: config.compression,
    state: stateObject,
    saveSeconds: (dump.written.at - began) / 1000,
    transferSeconds: (ended - dump.written.at) / 1000,
  });
  for (;;) {
    await lease.assertHeld();
    signal.throwIfAborted();
    if (await commitManifest(store, parts, manifest)) break;
    const obstacle = await findSettled(store, parts, { now, wait });
    if (obstacle) throw 'tombstone' in obstacle ? entombed(parts, obstacle.removedAt) : alreadyCommitted(parts);
  }
  log.info('Committed the manifest: the backup exists');
  return { status: 'completed', value: manifest };
}

async function storeState(store: ObjectStore, key: string, bytes: Uint8Array): Promise<Manifest['state']> {
  const digest = new Digest();
  digest.update(bytes);
  if (!(await putIfAbsent(store, key, bytes)))
    throw new Error(`${key} exists already, though its attempt is ours alone.`);
  return { key, ...digest.end() };
}

/** A skip leans on the last backup: its bytes must be there. */
async function isStored(store: ObjectStore, { stored }: Manifest): Promise<boolean> {
  return (await listedBytes(store, stored.key)) === stored.bytes;
}

function alreadyCommitted(parts: BackupIdParts): BackupError {
  return new BackupError('lease-lost', `${formatBackupId(parts)} was made by another run meanwhile.`, {
    hint: 'The backup exists; this run added nothing to it.',
  });
}

function entombed(parts: BackupIdParts, removedAt: string): BackupError {
  return new BackupError(
    'invalid-argument',
    `${formatBackupId(parts)} can no longer be made: what an earlier attempt at it had left behind was removed at ${removedAt}.`,
    { hint: 'Make a new backup, without --scheduled-for or with another time.' },
  );
}
