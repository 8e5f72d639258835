import { formatBackupId } from '../../core/model/backup-id.ts';
import { dumpKey, stateKey } from '../../core/model/keys.ts';
import type { GraphSummary, Manifest } from '../../core/model/manifest.ts';
import type { Tier } from '../../core/model/tiers.ts';

export const SHA_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export const EXAMPLE_GRAPH: GraphSummary = {
  name: 'knowledge "graph", {2}',
  nodes: 1200,
  edges: 3400,
  labels: ['Entity', 'Episodic'],
  relationshipTypes: ['RELATES_TO'],
  indexes: [
    { entity: 'node', label: 'Entity', properties: { name: ['RANGE', 'FULLTEXT'] }, status: 'OPERATIONAL' },
    { entity: 'relationship', label: 'RELATES_TO', properties: { fact: ['VECTOR'] }, status: 'OPERATIONAL' },
  ],
  constraints: [{ type: 'UNIQUE', entity: 'node', label: 'Entity', properties: ['uuid'], status: 'OPERATIONAL' }],
};

export interface ManifestFacts {
  target?: string;
  tier?: Tier;
  scheduledFor?: string;
  /** When the dump was taken; by default when it was due. */
  createdAt?: string;
}

/** A whole and valid manifest. */
export function exampleManifest(facts: ManifestFacts = {}): Manifest {
  const { target = 'falkordb', tier = 'daily', scheduledFor = '2026-11-22T02:30:00.000Z' } = facts;
  const parts = { target, tier, scheduledFor: new Date(scheduledFor) };
  const backupId = formatBackupId(parts);
  const runId = `${backupId.slice(0, 16)}-run`;
  return {
    schemaVersion: 1,
    backupId,
    runId,
    target,
    tier,
    scheduledFor,
    startedAt: scheduledFor,
    completedAt: scheduledFor,
    source: 'bgsave',
    engine: { redis: '8.2.3', falkordb: '4.16.3', rdbVersion: 12 },
    server: { runId: 'a'.repeat(40), lastSave: 1795314600, rdbSaves: 3, usedMemoryBytes: 5_000_000 },
    rdb: {
      bytes: 123_456,
      sha256: SHA_OF_NOTHING,
      checksum: 'verified',
      createdAt: facts.createdAt ?? scheduledFor,
      replicationId: null,
      replicationOffset: null,
    },
    stored: {
      key: dumpKey(parts, { runId, attempt: '0a1b2c3d' }, '.rdb.zst'),
      bytes: 12_345,
      sha256: SHA_OF_NOTHING,
      compression: 'zstd',
      encryption: 'none',
    },
    state: { key: stateKey(parts, { runId, attempt: '0a1b2c3d' }), bytes: 0, sha256: SHA_OF_NOTHING },
    graphs: [EXAMPLE_GRAPH],
    countsExact: true,
    keys: 1,
    timings: { saveSeconds: 1.5, transferSeconds: 2.25, totalSeconds: 4 },
    tool: { name: 'falkordb-backup', version: '0.1.0' },
  };
}
