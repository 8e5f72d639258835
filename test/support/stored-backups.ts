import { createHash } from 'node:crypto';
import { commitManifest } from '../../core/catalog/catalog.ts';
import { recordRequested, recordVerdict } from '../../core/catalog/runs.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import type { Tier } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { exampleManifest } from './example-manifest.ts';

const BYTES = new TextEncoder().encode('x');
const SUMS = { bytes: BYTES.length, sha256: createHash('sha256').update(BYTES).digest('hex') };

/** A backup of a few bytes, with all the objects that one has. */
export async function storeBackup(
  store: ObjectStore,
  target: string,
  tier: Tier,
  takenAt: Date,
  facts: Partial<Manifest> = {},
  { withRecords = true }: { withRecords?: boolean } = {},
): Promise<string> {
  const example = exampleManifest({ target, tier, scheduledFor: takenAt.toISOString() });
  const stored = { ...example.stored, ...SUMS };
  const state = { ...example.state, ...SUMS };
  const manifest: Manifest = { ...example, stored, state, ...facts };
  const { backupId, runId } = manifest;
  const parts = parseBackupId(backupId);
  if (!parts) throw new Error(`${backupId} is no backup id`);
  await store.put(stored.key, BYTES, { ifAbsent: true });
  await store.put(state.key, BYTES, { ifAbsent: true });
  await commitManifest(store, parts, manifest);
  if (!withRecords) return backupId;
  const record = { schemaVersion: 1 as const, runId, target };
  const at = takenAt.toISOString();
  await recordRequested(store, { ...record, verb: 'backup', backupId, requestedAt: at });
  await recordVerdict(store, { ...record, verdict: 'completed', endedAt: at, reason: null, failure: null, steps: [] });
  return backupId;
}
