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
  /** False where its dump or its state is missing or cut short: such a one is never good. */
  isComplete: boolean;
  isPinned: boolean;
  /** Being restored at this time. */
  isInUse: boolean;
  /** For people; by default that it is being restored. */
  whyInUse?: string;
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
  /** Its rules would let it go, but newer ones hold much less. */
  isGuarded: boolean;
}

/** Clocks differ by less: what is stamped later than so long from now was stamped by a wrong one. */
const MAX_AHEAD_MS = 3600 * 1000;

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
  const standing: T[] = [];
  for (const backup of newestFirst) {
    const flaw = flawOf(backup, now);
    if (flaw) keep(backup, flaw);
    else standing.push(backup);
    if (backup.isPinned) keep(backup, 'pinned');
    if (backup.isInUse) keep(backup, backup.whyInUse ?? 'being restored');
  }
  for (const [backup, reason] of newestGood(standing, policy.minimumGood)) keep(backup, reason);
  for (const tier of Object.keys(policy.tiers) as Tier[]) {
    const ofTier = standing.filter((backup) => backup.tier === tier);
    for (const rule of policy.tiers[tier]) {
      for (const [backup, reason] of keptByRule(ofTier, rule, policy.timeZone, now)) keep(backup, reason);
    }
  }
  const undecided = (backup: T) => !reasons.has(backup);
  const guarded = new Map(findCollapses(standing, undecided));
  for (const [backup, reason] of guarded) keep(backup, reason);
  return backups.map((backup) => {
    const reason = reasons.get(backup);
    const isGuarded = guarded.has(backup);
    return {
      backup,
      keep: reason !== undefined,
      reason: reason ?? whyNot(policy.tiers[backup.tier], backup),
      isGuarded,
    };
  });
}

/** Why only a person can tell what to do with it: it stays, and takes the place of no other. */
function flawOf({ isReadable, isComplete, takenAt }: Retainable, now: Date): string | undefined {
  if (!isReadable) return 'its manifest cannot be read: look at it';
  if (!isComplete) return 'its dump is missing: look at it';
  return takenAt.getTime() > now.getTime() + MAX_AHEAD_MS ? 'stamped in the future: look at it' : undefined;
}

/**
 * Those that a restore has put away count as well, but only where there is nothing else; the newest of them stays anyway.
 * Where nothing else is good, bad ones stay too: one wrong engine may have failed to load them all.
 */
function newestGood<T extends Retainable>(newestFirst: T[], minimum: number): [T, string][] {
  const isRegular = ({ tier }: T) => tier !== 'pre-restore';
  const newestOf = (backups: T[], what: string) =>
    backups
      .slice(0, Math.max(1, minimum))
      .map((backup, index): [T, string] => [
        backup,
        index === 0 ? `the newest ${what}` : `one of the ${minimum} newest ${what}s`,
      ]);
  const good = newestFirst.filter(({ isGood }) => isGood);
  const regular = good.filter(isRegular);
  const safety = good.find((backup) => !isRegular(backup));
  const kept = newestOf(regular.length > 0 ? regular : good, 'good backup');
  if (safety) kept.push([safety, 'the newest good safety backup']);
  if (regular.length > 0) return kept;
  const bad = newestFirst.some(isRegular) ? newestFirst.filter(isRegular) : newestFirst;
  return [...kept, ...newestOf(good.length > 0 ? bad.filter(isRegular) : bad, 'readable backup')];
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
