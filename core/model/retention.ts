import { createCalendar } from './calendar.ts';
import { findCollapses } from './collapse.ts';
import { before, describeDuration, type Rule } from './retention-rules.ts';
import type { Tier } from './tiers.ts';

/** What is known of a backup when it is decided whether it stays. */
export interface Retainable {
  backupId: string;
  tier: Tier;
  /** When its dump was taken. */
  takenAt: Date;
  /** False where its manifest cannot be read, or loading it has failed: such a backup takes the place of no other. */
  isGood: boolean;
  isReadable: boolean;
  isPinned: boolean;
  /** Being restored at this time. */
  isInUse: boolean;
  /** Somebody has said that it is right for it to hold less than older ones. */
  isCollapseAccepted: boolean;
  graphs: { name: string; nodes: number }[];
}

export interface RetentionPolicy {
  tiers: Record<Tier, Rule[]>;
  /** So many of the newest good backups of a target stay whatever the rules say. */
  minimumGood: number;
  /** Whose days, weeks and months count. */
  timeZone: string;
}

export interface Decision<T extends Retainable> {
  backup: T;
  keep: boolean;
  /** Why, for people. */
  reason: string;
}

/**
 * Decides about all backups of one target. Pure; the same answer for what it leaves as for what it was given.
 * @returns the decisions in the order of the backups
 */
export function planRetention<T extends Retainable>(backups: T[], policy: RetentionPolicy, now: Date): Decision<T>[] {
  const newestFirst = backups.toSorted(
    (a, b) => b.takenAt.getTime() - a.takenAt.getTime() || (a.backupId < b.backupId ? 1 : -1),
  );
  const reasons = new Map<T, string>();
  const keep = (backup: T, reason: string) => {
    if (!reasons.has(backup)) reasons.set(backup, reason);
  };
  for (const backup of newestFirst) {
    if (!backup.isReadable) keep(backup, 'its manifest cannot be read: look at it');
    if (backup.isPinned) keep(backup, 'pinned');
    if (backup.isInUse) keep(backup, 'being restored');
  }
  for (const [backup, reason] of newestGood(newestFirst, policy.minimumGood)) keep(backup, reason);
  for (const tier of Object.keys(policy.tiers) as Tier[]) {
    const ofTier = newestFirst.filter((backup) => backup.tier === tier);
    for (const rule of policy.tiers[tier]) {
      for (const [backup, reason] of keptByRule(ofTier, rule, policy.timeZone, now)) keep(backup, reason);
    }
  }
  const undecided = (backup: T) => !reasons.has(backup);
  for (const [backup, reason] of findCollapses(newestFirst, undecided)) keep(backup, reason);
  return backups.map((backup) => {
    const reason = reasons.get(backup);
    return { backup, keep: reason !== undefined, reason: reason ?? whyNot(policy.tiers[backup.tier], backup) };
  });
}

/** Those that a restore has put away count as well, but only where there is nothing else. */
function newestGood<T extends Retainable>(newestFirst: T[], minimum: number): [T, string][] {
  const good = newestFirst.filter(({ isGood }) => isGood);
  const regular = good.filter(({ tier }) => tier !== 'pre-restore');
  const kept = (regular.length > 0 ? regular : good).slice(0, Math.max(1, minimum));
  return kept.map((backup, index) => [
    backup,
    index === 0 ? 'the newest good backup' : `one of the ${minimum} newest good backups`,
  ]);
}

function keptByRule<T extends Retainable>(newestFirst: T[], rule: Rule, timeZone: string, now: Date): [T, string][] {
  switch (rule.kind) {
    case 'forever':
      return newestFirst.map((backup) => [backup, 'kept until it is deleted']);
    case 'all': {
      const reason = `younger than ${describeDuration(rule.youngerThan)}`;
      return younger(newestFirst, rule, now).map((backup) => [backup, reason]);
    }
    case 'last':
      return newestFirst
        .filter(({ isGood }) => isGood)
        .slice(0, rule.count)
        .map((backup) => [backup, `one of the last ${rule.count} ${backup.tier} backups`]);
    case 'newest-of-each': {
      const calendar = createCalendar(timeZone);
      const good = younger(newestFirst, rule, now).filter(({ isGood }) => isGood);
      const byPeriod = Map.groupBy(good, ({ takenAt }) => calendar.periodOf(takenAt, rule.period));
      const limit = describeDuration(rule.youngerThan);
      return [...byPeriod].flatMap(([period, [newest]]) =>
        newest ? [[newest, `the newest of ${period}, younger than ${limit}`]] : [],
      );
    }
  }
}

function younger<T extends Retainable>(
  backups: T[],
  { youngerThan }: { youngerThan: Parameters<typeof before>[1] },
  now: Date,
) {
  const limit = before(now, youngerThan).getTime();
  return backups.filter(({ takenAt }) => takenAt.getTime() > limit);
}

function whyNot(rules: Rule[], { tier, isGood }: Retainable): string {
  const texts = rules.map((rule) => {
    if (rule.kind === 'all') return `older than ${describeDuration(rule.youngerThan)}`;
    if (rule.kind === 'last') return `not one of the last ${rule.count}`;
    return rule.kind === 'forever'
      ? ''
      : `not the newest of a ${rule.period} within ${describeDuration(rule.youngerThan)}`;
  });
  const bad = isGood ? [] : ['it is no good backup'];
  return [`${tier}: ${texts.join(', ')}`, ...bad].join('; ');
}
