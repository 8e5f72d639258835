import { recordVerification } from '../core/catalog/verifications.ts';
import type { BackupIdParts } from '../core/model/backup-id.ts';
import type { Manifest } from '../core/model/manifest.ts';
import { VERIFICATION_SCHEMA_VERSION, type Verification } from '../core/model/verification.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { compareWithManifest } from './contents.ts';
import { UnloadableError } from './falkordb/server-log.ts';
import { readDump } from './pipeline/read-dump.ts';
import { type ProvableDump, type ProveDeps, prove } from './prove-dump.ts';
import { TOOL } from './tool.ts';

export { type Proof, type ProvableDump, type ProveDeps, prove } from './prove-dump.ts';

export interface ProveBackupDeps extends ProveDeps {
  store: ObjectStore;
  now: () => Date;
}

type Finding = Pick<Verification, 'outcome' | 'engine' | 'failure' | 'differences' | 'contents' | 'loadSeconds'>;

/**
 * Loads a backup into a throw-away FalkorDB, compares what that holds with the manifest, and records the outcome beside
 * the manifest, a bad one too.
 * @throws integrity where the stored bytes are damaged; what `prove` throws that says nothing about the dump; store-*.
 * Nothing is recorded then, because nothing was loaded
 */
export async function proveBackup(
  manifest: Manifest,
  parts: BackupIdParts,
  deps: ProveBackupDeps,
): Promise<Verification> {
  const { store, now, log } = deps;
  const finding = await find(manifest, deps);
  const verification: Verification = {
    schemaVersion: VERIFICATION_SCHEMA_VERSION,
    backupId: manifest.backupId,
    verifiedAt: now().toISOString(),
    rdbSha256: manifest.rdb.sha256,
    ...finding,
    tool: TOOL,
  };
  await recordVerification(store, parts, verification);
  const { outcome, engine, differences } = verification;
  const about = { backupId: manifest.backupId, outcome, engine, differences };
  if (isSameEngine(manifest, verification)) log.info(about, 'Recorded the verification');
  else
    log.warn({ ...about, writtenBy: manifest.engine }, 'Recorded the verification, by another version than wrote it');
  return verification;
}

export function isSameEngine({ engine }: Manifest, verification: Verification): boolean {
  return engine.falkordb === verification.engine.falkordb && engine.redis === verification.engine.redis;
}

async function find(manifest: Manifest, deps: ProveBackupDeps): Promise<Finding> {
  try {
    const { keys: _, ...proof } = await prove(dumpOf(manifest, deps), deps);
    const differences = compareWithManifest(manifest, proof.contents);
    // Where counts are not exact, graphs may have come and gone while they were counted.
    const outcome = manifest.countsExact && differences.length > 0 ? 'failed' : 'loaded';
    return { outcome, failure: null, differences, ...proof };
  } catch (error) {
    if (!(error instanceof UnloadableError)) throw error;
    const { code, message, engine } = error;
    return { outcome: 'failed', engine, failure: { code, message }, differences: [], contents: null, loadSeconds: 0 };
  }
}

export function dumpOf(
  manifest: Manifest,
  { store, signal }: { store: ObjectStore; signal: AbortSignal },
): ProvableDump {
  const { backupId, rdb, server, engine } = manifest;
  return {
    name: backupId,
    bytes: rdb.bytes,
    usedMemoryBytes: server.usedMemoryBytes,
    writtenBy: engine,
    open: () => readDump(store, manifest, { onProgress: () => {}, signal }),
  };
}
