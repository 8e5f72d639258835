import type { RestorePlanRecord } from '../../core/model/restore-plan-record.ts';
import { EXAMPLE_GRAPH, SHA_OF_NOTHING } from './example-manifest.ts';

/** Of a restore that is possible. */
export function examplePlan(runId: string): RestorePlanRecord {
  return {
    schemaVersion: 1,
    runId,
    target: 'prod',
    status: 'planned',
    restore: '20261122T023000Z-prod-daily',
    takenAt: '2026-11-22T02:30:00.000Z',
    ageSeconds: 3600,
    rdb: { bytes: 123_456, sha256: SHA_OF_NOTHING },
    writtenBy: { redis: '8.2.3', falkordb: '4.16.3', rdbVersion: 12 },
    server: { address: '127.0.0.1:6379', falkordb: '4.16.3', redis: '8.2.3', graphs: [EXAMPLE_GRAPH] },
    provenAt: null,
    safetyBackup: true,
    refusals: [],
    notes: ['The clocks were not compared.'],
  };
}
