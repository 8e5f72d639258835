import type { BackupSummary } from '../../api.ts';

export interface ChartPoint {
  backupId: string;
  tier: BackupSummary['tier'];
  /** ISO 8601. */
  at: string;
  rdbBytes: number;
  storedBytes: number;
  durationSeconds: number;
}

/** Of the backups whose manifests can be read, oldest first, no two at one time: a chart's x has to grow. */
export function chartPoints(backups: BackupSummary[]): ChartPoint[] {
  const points = backups.flatMap(({ backupId, tier, facts }): ChartPoint[] => {
    if (!facts) return [];
    const { completedAt, rdbBytes, storedBytes, durationSeconds } = facts;
    return [{ backupId, tier, at: completedAt, rdbBytes, storedBytes, durationSeconds }];
  });
  const byTime = new Map(points.map((point) => [point.at, point]));
  return [...byTime.values()].toSorted((a, b) => a.at.localeCompare(b.at));
}

/** A sentence for those who do not see the chart. */
export function chartSummary(points: ChartPoint[], what: string, show: (point: ChartPoint) => string): string {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return `${what}: no backups yet.`;
  if (points.length === 1) return `${what} of one backup: ${show(last)}.`;
  return `${what} of ${points.length} backups, from ${show(first)} at first to ${show(last)} at last.`;
}
