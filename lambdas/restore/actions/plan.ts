import { resolveBackup } from '../../../core/catalog/catalog.ts';
import { newestVerification } from '../../../core/catalog/verifications.ts';
import { hasCode } from '../../../core/model/errors.ts';
import type { Manifest } from '../../../core/model/manifest.ts';
import { newRunId } from '../../../core/model/run-id.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import { listedBytes } from '../../../core/store/small-object.ts';
import type { RestoreDeps } from '../deps.ts';
import { describeBackup, namesOf } from '../describe-backup.ts';
import type { InputOf } from '../inputs.ts';
import { howToAsk } from '../next.ts';
import { requestRun } from '../request-run.ts';

/** What the catalog knows, at once; what only the host can tell is asked for, and is in the run's status later. */
export async function plan({ target, backup, fromTarget, options }: InputOf<'plan'>, deps: RestoreDeps) {
  const { store, now } = deps;
  const manifest = await resolveBackup(store, fromTarget ?? target, backup);
  const known = await describe(manifest, store, now());
  const runId = newRunId(now());
  const request = { action: 'plan' as const, target, runId, backup: manifest.backupId, options };
  try {
    const sent = await requestRun(request, deps);
    return { runId, ...sent, backup: known, next: howToAsk(target, runId) };
  } catch (error) {
    if (!hasCode(error, 'command-refused')) throw error;
    const { code, message, hint = null, retryable } = error;
    return { runId, backup: known, host: { error: { code, message, hint, retryable } } };
  }
}

async function describe(manifest: Manifest, store: ObjectStore, now: Date) {
  const { target, engine, graphs, stored, state } = manifest;
  const verification = await newestVerification(store, manifest);
  return {
    ...describeBackup(manifest, now),
    target,
    writtenBy: engine,
    graphNames: namesOf(graphs),
    verified: verification
      ? { at: verification.verifiedAt, outcome: verification.outcome, failure: verification.failure }
      : null,
    objects: [await lookAt(store, stored), await lookAt(store, state)],
  };
}

async function lookAt(store: ObjectStore, { key, bytes }: { key: string; bytes: number }) {
  // Listed: this function may not read a dump.
  const found = await listedBytes(store, key);
  const status = found === null ? 'missing' : found === bytes ? 'ok' : 'wrong-size';
  return { key, status, bytes: found };
}
