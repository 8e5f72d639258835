import type { BackupSummary, RunAnswer, TierAnswer } from '../../api.ts';
import { timeInId } from '../text/time.ts';

/** So many days are shown, today among them. */
export const SHOWN_DAYS = 35;
const DAY_MS = 86_400_000;
/** What is due is given so long before it is called missed; the watchdog decides, this only colours a cell. */
const GRACE_MS = 3_600_000;

/** What became of a tier on one day, in UTC, from the best to the least. */
export type DayState =
  /** There are backups of it. */
  | 'kept'
  /** None was needed: nothing had changed, or a larger tier had one. */
  | 'skipped'
  /** It was made, and retention removed it since. */
  | 'removed'
  | 'failed'
  /** It was due, and nothing tells of a run. */
  | 'missed'
  | 'idle';

export interface Day {
  /** `2026-11-22` */
  date: string;
  state: DayState;
  backups: BackupSummary[];
  /** Runs that failed. */
  failures: number;
}

export interface TierDays {
  tier: TierAnswer['tier'];
  days: Day[];
}

export interface DaysInput {
  tiers: TierAnswer[];
  /** Of one target, as are the runs. */
  backups: BackupSummary[];
  runs: RunAnswer[];
  /** By the server's clock, in milliseconds. */
  now: number;
  /** When a schedule was due in a stretch of time. */
  dueBetween: (schedule: { cron: string; timeZone: string }, from: number, to: number) => number[];
}

/** Of each tier that has a schedule or a backup. */
export function tierDays(input: DaysInput): TierDays[] {
  const { tiers, backups } = input;
  const shown = tiers.filter(
    ({ tier, schedule }) => schedule !== null || backups.some((backup) => backup.tier === tier),
  );
  return shown.map((tier) => ({ tier: tier.tier, days: daysOf(tier, input) }));
}

/** The beginnings of the days that are shown, oldest first. */
export function shownDates(now: number): string[] {
  const today = Math.floor(now / DAY_MS);
  return Array.from({ length: SHOWN_DAYS }, (_, index) => dateOf((today - SHOWN_DAYS + 1 + index) * DAY_MS));
}

function daysOf(tier: TierAnswer, input: DaysInput): Day[] {
  const backups = input.backups.filter((backup) => backup.tier === tier.tier);
  const runs = input.runs.filter((run) => run.verb === 'backup' && run.tier === tier.tier);
  const backupsOf = Map.groupBy(backups, ({ scheduledFor }) => scheduledFor.slice(0, 10));
  const runsOf = Map.groupBy(runs, (run) => timeOf(run)?.slice(0, 10));
  // Before its first sign of life nothing could have missed a backup: its schedule may be newer than the others.
  const known = [...backups.map(({ scheduledFor }) => scheduledFor), ...runs.flatMap((run) => timeOf(run) ?? [])];
  const first = [...known, ...(tier.overdueSince === null ? [] : [tier.overdueSince])].toSorted()[0];
  const due = first === undefined ? [] : dueDates(tier, Date.parse(first), input);
  return shownDates(input.now).map((date) => dayOf(date, backupsOf.get(date) ?? [], runsOf.get(date) ?? [], due));
}

function dueDates({ schedule }: TierAnswer, from: number, { now, dueBetween }: DaysInput): string[] {
  if (schedule === null) return [];
  const oldest = Math.max(from, now - SHOWN_DAYS * DAY_MS);
  return dueBetween(schedule, oldest, now - GRACE_MS).map(dateOf);
}

function dayOf(date: string, backups: BackupSummary[], runs: RunAnswer[], due: string[]): Day {
  const failures = runs.filter(({ outcome }) => outcome === 'failed').length;
  return { date, backups, failures, state: stateOf(backups, runs, due.includes(date)) };
}

function stateOf(backups: BackupSummary[], runs: RunAnswer[], isDue: boolean): DayState {
  const has = (outcome: RunAnswer['outcome']) => runs.some((run) => run.outcome === outcome);
  if (backups.length > 0) return 'kept';
  if (has('skipped')) return 'skipped';
  if (has('completed')) return 'removed';
  if (has('failed')) return 'failed';
  return isDue && runs.length === 0 ? 'missed' : 'idle';
}

/** When the backup of a run was due: a late run belongs to the day it is the backup of. */
function timeOf({ backupId, requestedAt, startedAt, endedAt }: RunAnswer): string | undefined {
  return (backupId === null ? undefined : timeInId(backupId)) ?? requestedAt ?? startedAt ?? endedAt ?? undefined;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
