import type { Retainable, RetentionPolicy } from '../../core/model/retention.ts';
import { parseRules } from '../../core/model/retention-rules.ts';
import type { Tier } from '../../core/model/tiers.ts';
import { toCompactTimestamp } from '../../core/model/timestamp.ts';

export const DEFAULT_POLICY: RetentionPolicy = {
  tiers: {
    snapshot: parseRules('all 48h, daily 7d'),
    daily: parseRules('all 30d'),
    weekly: parseRules('all 12w'),
    monthly: parseRules('all 12mo'),
    manual: parseRules('forever'),
    'pre-restore': parseRules('all 30d'),
  },
  minimumGood: 3,
  timeZone: 'UTC',
};

export function retainable(tier: Tier, takenAt: Date, facts: Partial<Retainable> = {}): Retainable {
  return {
    backupId: `${toCompactTimestamp(takenAt)}-prod-${tier}`,
    tier,
    takenAt,
    isGood: true,
    isReadable: true,
    isComplete: true,
    isPinned: false,
    isInUse: false,
    isCollapseAccepted: false,
    graphs: [{ name: 'g', nodes: 1000 }],
    ...facts,
  };
}

/** When the default schedules make a backup, from midnight of a day, in UTC. */
export function scheduledOn(day: Date): [Tier, Date][] {
  const at = (hour: number, minute = 0) => new Date(day.getTime() + (hour * 60 + minute) * 60_000);
  return [
    ...[0, 4, 8, 12, 16, 20].map((hour): [Tier, Date] => ['snapshot', at(hour)]),
    ['daily', at(2, 30)],
    ...(day.getUTCDay() === 0 ? [['weekly', at(3)] as [Tier, Date]] : []),
    ...(day.getUTCDate() === 1 ? [['monthly', at(4)] as [Tier, Date]] : []),
  ];
}
