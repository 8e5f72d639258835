import { basename } from 'node:path';
import { type BackupIdParts, formatBackupId } from '../../core/model/backup-id.ts';
import { MANIFEST_SCHEMA_VERSION, type Manifest } from '../../core/model/manifest.ts';
import type { Compression } from '../pipeline/codec.ts';
import type { RdbHeader } from '../pipeline/rdb-header.ts';
import type { StoredDump } from '../pipeline/store-dump.ts';
import type { Proof } from '../prove.ts';
import { TOOL } from '../tool.ts';
import { stampOf } from './taken-at.ts';

export interface ImportFacts {
  parts: BackupIdParts;
  runId: string;
  path: string;
  startedAt: Date;
  completedAt: Date;
  proof: Proof;
  stored: StoredDump;
  compression: Compression;
  state: Manifest['state'];
  transferSeconds: number;
}

/** What no dump tells of the server that wrote it: no RDB names its FalkorDB, and none the run id. */
export const UNKNOWN = 'unknown';

export function importManifest(facts: ImportFacts): Manifest {
  const { parts, startedAt, completedAt, proof } = facts;
  const { rdb, stored } = facts.stored;
  const { aux, version } = rdb.header;
  const offset = numberOf(rdb.header, 'repl-offset');
  return {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    backupId: formatBackupId(parts),
    runId: facts.runId,
    target: parts.target,
    tier: parts.tier,
    scheduledFor: parts.scheduledFor.toISOString(),
    startedAt: startedAt.toISOString(),
    completedAt: completedAt.toISOString(),
    source: 'import',
    imported: {
      from: basename(facts.path),
      at: completedAt.toISOString(),
      stampedAt: stampOf(rdb.header)?.toISOString() ?? null,
    },
    engine: { redis: redisVersionOf(rdb.header), falkordb: UNKNOWN, rdbVersion: version },
    server: {
      runId: UNKNOWN,
      lastSave: null,
      rdbSaves: null,
      // A dump that does not say it takes at least as much as its file.
      usedMemoryBytes: usedMemoryOf(rdb.header) ?? rdb.bytes,
    },
    rdb: {
      bytes: rdb.bytes,
      sha256: rdb.sha256,
      checksum: rdb.checksum,
      createdAt: parts.scheduledFor.toISOString(),
      replicationId: aux.get('repl-id') ?? null,
      replicationOffset: offset ?? null,
    },
    stored: { ...stored, compression: facts.compression, encryption: 'none' },
    state: facts.state,
    graphs: proof.contents.graphs,
    // Nothing was written to the server that they were counted in.
    countsExact: true,
    keys: proof.keys,
    timings: {
      saveSeconds: 0,
      transferSeconds: round(facts.transferSeconds),
      totalSeconds: round((completedAt.getTime() - startedAt.getTime()) / 1000),
    },
    tool: TOOL,
  };
}

export function redisVersionOf({ aux }: RdbHeader): string {
  return aux.get('redis-ver') || UNKNOWN;
}

export function usedMemoryOf(header: RdbHeader): number | undefined {
  return numberOf(header, 'used-mem');
}

function numberOf({ aux }: RdbHeader, name: string): number | undefined {
  const value = Number(aux.get(name) ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
