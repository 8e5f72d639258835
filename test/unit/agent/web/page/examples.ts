import type {
  ActivityAnswer,
  BackupSummary,
  LogLine,
  RunAnswer,
  TargetAnswer,
  TierAnswer,
} from '../../../../../agent/web/api.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');

export function summary(given: Partial<BackupSummary> = {}): BackupSummary {
  const { tier = 'daily', scheduledFor = '2026-11-22T02:30:00.000Z', target = 'falkordb' } = given;
  return {
    backupId: `${scheduledFor.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${target}-${tier}`,
    ...{ target, tier, scheduledFor },
    pinned: false,
    verified: null,
    isStored: true,
    facts: {
      takenAt: scheduledFor,
      completedAt: scheduledFor,
      runId: '20261122T023000Z-daily',
      rdbBytes: 2000,
      storedBytes: 1000,
      durationSeconds: 3,
      graphs: 1,
      nodes: 10,
      edges: 20,
      falkordb: '4.16.3',
    },
    problem: null,
    ...given,
  };
}

export function run(given: Partial<RunAnswer> = {}): RunAnswer {
  return {
    runId: '20261122T023000Z-daily',
    target: 'falkordb',
    verb: 'backup',
    tier: 'daily',
    backupId: '20261122T023000Z-falkordb-daily',
    outcome: 'completed',
    requestedAt: '2026-11-22T02:30:00.000Z',
    startedAt: '2026-11-22T02:30:01.000Z',
    endedAt: '2026-11-22T02:30:04.500Z',
    host: 'db-1',
    reason: null,
    failure: null,
    steps: [],
    undelivered: [],
    ...given,
  };
}

export function tier(given: Partial<TierAnswer> = {}): TierAnswer {
  return {
    tier: 'daily',
    schedule: { cron: '30 2 * * *', timeZone: 'UTC' },
    nextDue: '2026-11-23T02:30:00.000Z',
    overdueSince: null,
    newest: summary(),
    unreadable: null,
    lastSkippedAt: null,
    ...given,
  };
}

export function target(given: Partial<TargetAnswer> = {}): TargetAnswer {
  const up = { state: 'up', checkedAt: '2026-11-22T12:00:00.000Z', message: null, hint: null } as const;
  return {
    target: 'falkordb',
    store: 'file:///backups',
    database: { ...up, address: 'redis://127.0.0.1:6379', falkordb: '4.16.3', redis: '8.2.3' },
    storeState: up,
    tiers: [tier()],
    nextPrune: null,
    activities: [],
    lastFailure: null,
    lastVerification: null,
    size: null,
    ...given,
  };
}

export function activity(given: Partial<ActivityAnswer> = {}): ActivityAnswer {
  return {
    kind: 'backup',
    target: 'falkordb',
    runId: '20261122T120000Z-aaaa',
    backupId: '20261122T120000Z-falkordb-manual',
    tier: 'manual',
    startedAt: '2026-11-22T12:00:00.000Z',
    progress: null,
    ...given,
  };
}

export function logLine(seq: number, given: Partial<LogLine> = {}): LogLine {
  return {
    seq,
    at: '2026-11-22T12:00:00.000Z',
    level: 'info',
    message: `line ${seq}`,
    target: 'falkordb',
    runId: null,
    backupId: null,
    fields: {},
    ...given,
  };
}
