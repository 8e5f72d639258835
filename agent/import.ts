import { basename, resolve } from 'node:path';
import { findManifest } from '../core/catalog/catalog.ts';
import { recordVerification } from '../core/catalog/verifications.ts';
import { type BackupIdParts, formatBackupId } from '../core/model/backup-id.ts';
import { BackupError, toBackupError } from '../core/model/errors.ts';
import type { GraphSummary, Manifest } from '../core/model/manifest.ts';
import { VERIFICATION_SCHEMA_VERSION } from '../core/model/verification.ts';
import { type DumpFile, lookAtDump } from './import/dump-file.ts';
import { redisVersionOf, UNKNOWN, usedMemoryOf } from './import/import-manifest.ts';
import type { ImportDeps, ImportRequest, ImportResult } from './import/imported.ts';
import { assertAsNoted, compareTier } from './import/noted.ts';
import { readMeta } from './import/read-meta.ts';
import { assertSame, storeImport } from './import/store-import.ts';
import { chooseTakenAt, stampOf } from './import/taken-at.ts';
import { boundLog } from './logging/bound-log.ts';
import { type Proof, prove } from './prove.ts';
import { TOOL } from './tool.ts';

export type { ImportDeps, ImportRequest, ImportResult } from './import/imported.ts';
export { IMPORT_TIERS } from './import/imported.ts';

type Findings = Omit<ImportResult, 'status' | 'error'>;

/**
 * Makes a backup of a dump that something else has taken: checked, loaded into a throw-away FalkorDB, and stored. The file
 * stays as it is. What is wrong with one file is a result and no error, so that others can follow.
 * @throws `signal`'s reason
 */
export async function importDump(request: ImportRequest, deps: ImportDeps): Promise<ImportResult> {
  const log = boundLog(deps.log, { file: request.file });
  const findings: Findings = {
    file: request.file,
    ...{ backupId: null, takenAt: null, bytes: null, graphs: null, nodes: null },
    warnings: [],
  };
  try {
    const status = await bring(request, { ...deps, log }, findings);
    return { ...findings, status, error: null };
  } catch (cause) {
    deps.signal.throwIfAborted();
    const error = toBackupError(cause);
    log.error({ err: error }, 'The file was not imported');
    return { ...findings, status: 'failed', error };
  } finally {
    for (const warning of findings.warnings) log.warn(warning);
  }
}

/** Notes what it finds out as soon as it knows. */
async function bring(
  { file, tier, takenAt: given, runId, isDryRun }: ImportRequest,
  deps: ImportDeps,
  findings: Findings,
): Promise<ImportResult['status']> {
  const { config, store, now, log, onProgress, signal } = deps;
  const path = resolve(file);
  const meta = await readMeta(path);
  findings.warnings.push(...meta.warnings, ...compareTier(meta, tier));
  const algorithms = meta.checksums.map(({ algorithm }) => algorithm);
  const dump = await lookAtDump(path, { algorithms, onProgress, signal });
  const { header, bytes } = dump.rdb;
  findings.bytes = bytes;
  assertAsNoted(dump, meta);
  const times = { given, noted: meta.takenAt, stamped: stampOf(header) };
  const { takenAt, warnings } = chooseTakenAt(times, basename(path), now());
  findings.warnings.push(...warnings);
  const parts = { target: config.target, tier, scheduledFor: takenAt };
  const backupId = formatBackupId(parts);
  Object.assign(findings, { takenAt, backupId });

  const existing = await findManifest(store, parts);
  if (existing) {
    Object.assign(findings, countsOf(assertSame(existing, parts, dump).graphs));
    log.info({ backupId }, 'This file was imported already; nothing to do');
    return 'exists';
  }
  if (isDryRun) return 'planned';

  // Before the lease is taken: what is wrong with a file is no failure of a backup of today.
  const proof = await load(dump, deps);
  Object.assign(findings, countsOf(proof.contents.graphs));
  if (proof.contents.graphs.length === 0) throw withoutGraphs(basename(path), proof);
  const manifest = await storeImport({ parts, runId, dump, proof }, { ...deps, log: boundLog(log, { backupId }) });
  if (manifest.runId !== runId) return 'exists';
  findings.warnings.push(...(await keepProof(manifest, parts, proof, deps)));
  return 'imported';
}

function load({ path, rdb, open }: DumpFile, deps: ImportDeps): Promise<Proof> {
  return prove(
    {
      name: basename(path),
      bytes: rdb.bytes,
      usedMemoryBytes: usedMemoryOf(rdb.header) ?? null,
      writtenBy: { redis: redisVersionOf(rdb.header), falkordb: UNKNOWN },
      open: () => open(deps.signal),
    },
    deps,
  );
}

/** As `verify --load` does. The backup is there, whatever becomes of this; so it is a warning. */
async function keepProof(
  { backupId, rdb }: Manifest,
  parts: BackupIdParts,
  { engine, contents, loadSeconds }: Proof,
  { store, now }: ImportDeps,
): Promise<string[]> {
  try {
    await recordVerification(store, parts, {
      schemaVersion: VERIFICATION_SCHEMA_VERSION,
      backupId,
      verifiedAt: now().toISOString(),
      rdbSha256: rdb.sha256,
      outcome: 'loaded',
      failure: null,
      differences: [],
      ...{ engine, contents, loadSeconds },
      tool: TOOL,
    });
    return [];
  } catch (error) {
    return [`That it loads could not be noted in the store: ${toBackupError(error).message} "verify --load" does it.`];
  }
}

function countsOf(graphs: GraphSummary[]): Pick<Findings, 'graphs' | 'nodes'> {
  return { graphs: graphs.length, nodes: graphs.reduce((sum, { nodes }) => sum + nodes, 0) };
}

function withoutGraphs(name: string, { keys }: Proof): BackupError {
  return new BackupError(
    'invalid-argument',
    `${name} holds no graphs: ${keys} keys of other kinds, and nothing of FalkorDB.`,
    {
      hint: 'It is a dump of another Redis, or FalkorDB was empty then: as a backup it would stand for graphs that it cannot bring back.',
    },
  );
}
