import { newestVerification } from '../../core/catalog/verifications.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { GraphSummary } from '../../core/model/manifest.ts';
import type { Verification } from '../../core/model/verification.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Config } from '../config.ts';
import { Database } from '../falkordb/database.ts';
import { takeInventory } from '../falkordb/inventory.ts';
import { assertUsable } from '../falkordb/master/certificate.ts';
import { checkPersistence } from '../falkordb/persist.ts';
import { preflight } from '../falkordb/preflight.ts';
import { compareVersions } from '../falkordb/restore-checks/versions.ts';
import { findRefusals } from '../falkordb/restore-checks.ts';
import type { ServerInfo } from '../falkordb/server-info.ts';
import { checkUdfRights } from '../falkordb/udf-libraries.ts';
import { checkWriteLimits } from '../falkordb/write-limits.ts';
import { assertNoRestoreAtWork } from './at-work.ts';
import { Journal, unfinished } from './journal.ts';
import { type RestoreSource, resolveSource } from './restore-source.ts';

export interface RestoreRequest {
  /** A backup id, `latest`, `latest:<tier>`, or the path of a plain RDB file. */
  reference: string;
  runId: string;
  /** Whose backups `latest` means; by default the target's own. */
  fromTarget: string | undefined;
  /** Restore without anybody having loaded the backup before. */
  unproven: boolean;
  withSafetyBackup: boolean;
  /** Restore what a newer FalkorDB wrote. */
  allowNewerEngine: boolean;
}

export interface RestorePlan {
  request: RestoreRequest;
  source: RestoreSource;
  target: string;
  server: ServerInfo & { address: string };
  /** What the server holds now, and will no longer. */
  graphs: GraphSummary[];
  /** The newest load of this backup that counts for this server; undefined where there was none. */
  proof: Verification | undefined;
  /** Why it cannot be done; empty where it can. */
  refusals: BackupError[];
  /** What could not be checked, and what else a person should know, a sentence each. */
  notes: string[];
}

interface PlanDeps {
  config: Config;
  store: ObjectStore;
  now: () => Date;
  signal: AbortSignal;
  /** True where this run has the lease of the target already: nobody else is at work then. */
  hasLease?: boolean;
}

/**
 * Looks at everything and changes nothing.
 * @throws lease-held where another restore is at work on the target, backup-not-found, invalid-argument, invalid-settings, integrity, unreadable-manifest, database-*, store-*
 */
export async function planRestore(request: RestoreRequest, deps: PlanDeps): Promise<RestorePlan> {
  const { config, store, signal, hasLease = false } = deps;
  if (!hasLease) await assertNoRestoreAtWork(config.target, deps);
  if (config.replicationTls) assertUsable(config.replicationTls);
  const target = request.fromTarget ?? config.target;
  const source = await resolveSource(request.reference, { store, target, signal });
  using db = await Database.connect(config.falkordb);
  const info = await db.info();
  const { refusals, notes } = await findRefusals(
    db,
    info,
    { ...source, rdbBytes: source.bytes },
    {
      dataFolder: config.dataFolder,
      allowNewerEngine: request.allowNewerEngine,
      replicationTls: config.replicationTls !== undefined,
    },
  );
  refusals.push(...(await checkPersistence(db, info)).refusals);
  refusals.push(...(await checkWriteLimits(db)).refusals);
  const left = await Journal.find(config.stateFolder, config.target);
  if (left) refusals.unshift(unfinished(left));
  const verification = source.manifest ? await newestVerification(store, source.manifest) : undefined;
  if (verification?.outcome === 'failed') refusals.push(provenBad(source.name, verification));
  // One that has begun meanwhile may be all that is wrong.
  if (!hasLease && refusals.length > 0) await assertNoRestoreAtWork(config.target, deps);
  const proof = verification && countsFor(verification, info) ? verification : undefined;
  if (refusals.length === 0) notes.push(...(await checkUdfRights(db)).notes);
  const graphs = refusals.length === 0 ? await takeInventory(await suitable(db), { onProgress: () => {}, signal }) : [];
  return {
    request,
    source,
    target: config.target,
    server: { ...info, address: db.name },
    graphs,
    proof,
    refusals,
    notes: request.unproven && !proof ? [...notes, UNPROVEN] : notes,
  };
}

const UNPROVEN =
  'Nobody has loaded this backup before: if FalkorDB cannot load it, it ends, and starts again onto the bad file.';

function countsFor({ outcome, engine }: Verification, server: ServerInfo): boolean {
  return outcome === 'loaded' && isProofFor(server, engine);
}

/** What one FalkorDB has loaded, one of the same version or a later one loads too. */
export function isProofFor(
  { falkordbVersion }: Pick<ServerInfo, 'falkordbVersion'>,
  by: Verification['engine'],
): boolean {
  const order = falkordbVersion === undefined ? undefined : compareVersions(by.falkordb, falkordbVersion);
  return order !== undefined && order <= 0;
}

function provenBad(name: string, { failure, differences, verifiedAt }: Verification): BackupError {
  const why = failure?.message ?? differences.join('; ');
  return new BackupError('integrity', `${name} was loaded for a trial at ${verifiedAt} and failed: ${why}`, {
    hint: 'Restore another backup; "verify --all --load" tells which ones load. "verify --load" tries this one again.',
  });
}

/** @throws where the server went away or changed since it was looked at */
async function suitable(db: Database): Promise<Database> {
  await preflight(db);
  return db;
}
