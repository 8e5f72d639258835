import { type BackupIdParts, formatBackupId } from '../core/model/backup-id.ts';
import { type GraphSummary, MANIFEST_SCHEMA_VERSION, type Manifest } from '../core/model/manifest.ts';
import type { UsedDump } from './falkordb/open-dump.ts';
import type { SuitableServer } from './falkordb/preflight.ts';
import type { Compression } from './pipeline/codec.ts';
import type { StoredDump } from './pipeline/store-dump.ts';
import { TOOL } from './tool.ts';

export interface BackupFacts {
  parts: BackupIdParts;
  runId: string;
  startedAt: Date;
  completedAt: Date;
  info: SuitableServer;
  graphs: GraphSummary[];
  countsExact: boolean;
  dump: UsedDump<StoredDump>;
  compression: Compression;
  state: Manifest['state'];
  saveSeconds: number;
  transferSeconds: number;
}

export function buildManifest(facts: BackupFacts): Manifest {
  const { parts, startedAt, completedAt, info, dump } = facts;
  const { rdb, stored } = dump.value;
  const { save } = dump.written;
  const { aux } = rdb.header;
  const offset = aux.get('repl-offset');
  return {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    backupId: formatBackupId(parts),
    runId: facts.runId,
    target: parts.target,
    tier: parts.tier,
    scheduledFor: parts.scheduledFor.toISOString(),
    startedAt: startedAt.toISOString(),
    completedAt: completedAt.toISOString(),
    source: dump.kind,
    engine: { redis: info.redisVersion, falkordb: info.falkordbVersion, rdbVersion: rdb.header.version },
    server: {
      runId: info.runId,
      lastSave: save?.lastSave ?? null,
      rdbSaves: save?.startedCount ?? null,
      usedMemoryBytes: info.usedMemoryBytes,
    },
    rdb: {
      bytes: rdb.bytes,
      sha256: rdb.sha256,
      checksum: rdb.checksum,
      createdAt: new Date(Number(aux.get('ctime')) * 1000).toISOString(),
      // Only there where a replica is or was attached: the exact place in the stream where the dump was taken.
      replicationId: aux.get('repl-id') ?? null,
      replicationOffset: offset === undefined ? null : Number(offset),
    },
    stored: { ...stored, compression: facts.compression, encryption: 'none' },
    state: facts.state,
    graphs: facts.graphs,
    countsExact: facts.countsExact,
    keys: info.keys,
    timings: {
      saveSeconds: round(facts.saveSeconds),
      transferSeconds: round(facts.transferSeconds),
      totalSeconds: round((completedAt.getTime() - startedAt.getTime()) / 1000),
    },
    tool: TOOL,
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
