/* What docs/deploy.md invokes the functions with: the scenarios send it, and a unit test compares. */

export const TARGET = 'graphiti-prod';

export const PAYLOADS = {
  backup: { tier: 'manual', scheduledTime: '2026-11-22T10:15:00Z', targets: [TARGET] },
  list: { action: 'list', target: TARGET, limit: 10 },
  plan: { action: 'plan', target: TARGET, backup: 'latest:daily' },
  status: { action: 'status', target: TARGET, runId: '20261122T101500Z-0a1b2c3d' },
  start: { action: 'start', target: TARGET, backup: `20261122T023000Z-${TARGET}-daily`, confirm: TARGET },
  recover: { action: 'recover', target: TARGET },
  pruneDryRun: { dryRun: true },
} as const;
