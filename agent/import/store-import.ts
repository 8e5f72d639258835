import { setTimeout } from 'node:timers/promises';
import { commitManifest } from '../../core/catalog/catalog.ts';
import { findSettled } from '../../core/catalog/tombstones.ts';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import { BackupError } from '../../core/model/errors.ts';
import { dumpKey, stateKey } from '../../core/model/keys.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { encodeJson, putIfAbsent } from '../../core/store/small-object.ts';
import type { Outcome } from '../conclusion.ts';
import { EXTENSIONS } from '../pipeline/codec.ts';
import { Digest } from '../pipeline/observe.ts';
import { storeDump } from '../pipeline/store-dump.ts';
import type { Proof } from '../prove.ts';
import { recordRun, type Work } from '../run.ts';
import type { StoredState } from '../state-file.ts';
import type { DumpFile } from './dump-file.ts';
import { importManifest } from './import-manifest.ts';
import type { ImportDeps } from './imported.ts';

/** A dump holds neither users nor settings; null is what nobody could read. */
const NO_STATE: StoredState = {
  schemaVersion: 1,
  aclUsers: null,
  config: null,
  graphConfig: null,
  modules: null,
  omittedSecrets: [],
};

export interface StoreImportRequest {
  parts: BackupIdParts;
  runId: string;
  dump: DumpFile;
  proof: Proof;
}

/**
 * Makes the backup of a dump that was proved, as a run of its own, which is recorded as that of a backup. Nobody is told:
 * what was taken long ago is no sign that backups are made today.
 * @returns the manifest; of another run, where that made it meanwhile
 * @throws lease-held where another run goes on for too long; integrity where the file has changed; store-*, deadline,
 * interrupted; invalid-argument where there is another backup of that second, or was one that was given up
 */
export async function storeImport(request: StoreImportRequest, deps: ImportDeps): Promise<Manifest> {
  const { parts, runId } = request;
  const { config, store, now, log, signal } = deps;
  const run = {
    verb: 'backup' as const,
    runId,
    target: parts.target,
    backupId: formatBackupId(parts),
    ...{ store, now, log, signal },
    timeoutSeconds: config.timeoutSeconds,
    waitSeconds: config.busyTimeoutSeconds,
  };
  const outcome = await recordRun(run, (work) => storeUnderLease(request, work, deps));
  if (outcome.status === 'skipped') throw new Error(`${run.backupId} was skipped.`);
  return outcome.value;
}

async function storeUnderLease(
  { parts, runId, dump, proof }: StoreImportRequest,
  { lease, signal }: Work,
  { config, store, now, log, onProgress }: ImportDeps,
): Promise<Outcome<Manifest>> {
  const startedAt = now();
  const wait = (ms: number) => setTimeout(ms, undefined, { signal });
  const find = async () => {
    const found = await findSettled(store, parts, { now, wait });
    return found && assertSame(found, parts, dump);
  };
  const existing = await find();
  if (existing) return { status: 'completed', value: existing };

  const attempt = { runId, attempt: lease.attempt };
  const { bytes } = dump.rdb;
  const began = performance.now();
  const stored = await storeDump({
    store,
    key: dumpKey(parts, attempt, EXTENSIONS[config.compression]),
    compression: config.compression,
    dump: dump.open(signal),
    dumpName: dump.path,
    maxBytes: bytes,
    sizeBytes: Promise.resolve(bytes),
    onProgress: (done) => onProgress({ phase: 'transfer', unit: 'bytes', done, total: bytes }),
    signal,
  });
  const transferSeconds = (performance.now() - began) / 1000;
  log.info({ bytes, stored: stored.stored.bytes }, 'Stored the dump');

  await lease.assertHeld();
  const state = encodeJson(NO_STATE);
  const key = stateKey(parts, attempt);
  if (!(await putIfAbsent(store, key, state)))
    throw new Error(`${key} exists already, though its attempt is ours alone.`);
  const digest = new Digest();
  digest.update(state);
  const manifest = importManifest({
    ...{ parts, runId, startedAt, proof, stored, transferSeconds },
    path: dump.path,
    completedAt: now(),
    compression: config.compression,
    state: { key, ...digest.end() },
  });
  for (;;) {
    await lease.assertHeld();
    signal.throwIfAborted();
    if (await commitManifest(store, parts, manifest)) break;
    const obstacle = await find();
    if (obstacle) return { status: 'completed', value: obstacle };
  }
  log.info('Committed the manifest: the backup exists');
  return { status: 'completed', value: manifest };
}

/** @throws invalid-argument where it is not the backup of this dump */
export function assertSame(
  found: Manifest | { removedAt: string },
  parts: BackupIdParts,
  { path, rdb }: Pick<DumpFile, 'path' | 'rdb'>,
): Manifest {
  const backupId = formatBackupId(parts);
  if ('removedAt' in found) {
    throw new BackupError(
      'invalid-argument',
      `${backupId} can no longer be made: what an earlier attempt at it had left behind was removed at ${found.removedAt}.`,
      { hint: 'Import it with a --taken-at that is a second later.' },
    );
  }
  if (found.rdb.sha256 === rdb.sha256) return found;
  const imported = found.imported ? `, imported from ${found.imported.from}` : '';
  throw new BackupError(
    'invalid-argument',
    `${backupId} exists already, and holds another dump than ${path}${imported}.`,
    {
      hint: 'Two dumps of one tier cannot be of the same second: give another --taken-at, or leave this one where it is.',
    },
  );
}
