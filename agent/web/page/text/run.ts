import type { RunAnswer } from '../../api.ts';
import type { Level } from './overall.ts';

const LEVELS: Record<RunAnswer['outcome'], Level> = {
  completed: 'good',
  skipped: 'info',
  running: 'info',
  requested: 'info',
  failed: 'bad',
};

const REASONS: Record<string, string> = {
  unchanged: 'nothing has changed since the backup before it',
  covered: 'a backup of a larger tier was made at the same time',
};

export function outcomeLevel(outcome: RunAnswer['outcome']): Level {
  return LEVELS[outcome];
}

/** Why it was skipped, in words. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** `Backup, daily`, `Prune` */
export function runTitle({ verb, tier }: Pick<RunAnswer, 'verb' | 'tier'>): string {
  const name = verb === null ? 'Run' : `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
  return tier === null ? name : `${name}, ${tier}`;
}

/** When it was asked for or began. */
export function beginOf({ requestedAt, startedAt, endedAt }: RunAnswer): string | null {
  return startedAt ?? requestedAt ?? endedAt;
}

/** Seconds; undefined while it has no end, or where its beginning is not known. */
export function durationOf({ startedAt, endedAt }: RunAnswer): number | undefined {
  if (startedAt === null || endedAt === null) return undefined;
  return Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}
