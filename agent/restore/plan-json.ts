import type { RestorePlanRecord } from '../../core/model/restore-plan-record.ts';
import type { RestorePlan } from './plan.ts';

/** What of a plan is shown to other programs. */
export function planJson(
  { request, source, target, server, graphs, proof, refusals, notes }: RestorePlan,
  now: Date,
): Omit<RestorePlanRecord, 'schemaVersion' | 'runId'> {
  return {
    status: refusals.length === 0 ? 'planned' : 'refused',
    restore: source.name,
    takenAt: source.takenAt.toISOString(),
    ageSeconds: Math.round((now.getTime() - source.takenAt.getTime()) / 1000),
    rdb: { bytes: source.bytes, sha256: source.sha256 },
    writtenBy: source.engine,
    target,
    server: { address: server.address, falkordb: server.falkordbVersion ?? null, redis: server.redisVersion, graphs },
    provenAt: proof?.verifiedAt ?? null,
    safetyBackup: request.withSafetyBackup,
    refusals: refusals.map(({ code, message, hint = null }) => ({ code, message, hint })),
    notes,
  };
}
