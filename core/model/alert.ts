import { z } from 'zod';
import { targetSchema } from './target.ts';
import { tierSchema } from './tiers.ts';
import { utcTimeSchema } from './timestamp.ts';

/*
 * What the watchdog has said of a tier, or of a target's verifications, and what is to be said next: overdue once, a
 * reminder daily, recovered once. The store keeps it at alerts/<target>/<subject>.json.
 */

const alertSubjectSchema = z.union([tierSchema, z.literal('verification')]);
export type AlertSubject = z.infer<typeof alertSubjectSchema>;

export const alertSchema = z.object({
  schemaVersion: z.literal(1),
  target: targetSchema,
  subject: alertSubjectSchema,
  /** Nothing was promised before: what was just set up, or got another schedule, has its first one still to come. */
  watchedSince: utcTimeSchema,
  /** That `watchedSince` is about; null for `verification`. */
  schedule: z.object({ cron: z.string(), timeZone: z.string() }).nullable().default(null),
  /** Up to a day older than the last look: a write for each would cost more than the looks do. */
  lookedAt: utcTimeSchema.nullable().default(null),
  /** Of `verification`: the newest one that was ever seen, as its record goes when its backup does. */
  verifiedAt: utcTimeSchema.nullable(),
  /** Null where all is well as far as anybody was told. */
  overdue: z
    .object({
      since: utcTimeSchema,
      reminders: z.number().int().nonnegative(),
      /** The `recoveredAt` that tells it from an earlier outage since the same time; null where there can be none. */
      after: utcTimeSchema.nullable().default(null),
    })
    .nullable(),
  /** When the end of an outage was last seen. */
  recoveredAt: utcTimeSchema.nullable().default(null),
});
export type Alert = z.infer<typeof alertSchema>;
export type Schedule = NonNullable<Alert['schedule']>;

const DAY_MS = 24 * 3600 * 1000;
/** Nobody has watched meanwhile: the tier was off, or its target not among the watchdog's. A weekend is shorter. */
const GAP_MS = 3 * DAY_MS;

/**
 * Whether what is known is of another promise: the schedule was another one, or nobody watched for more than three days.
 * Then only what comes due from now on counts, so that after a gap an outage is told one period later at the latest.
 */
export function isAnotherPromise({ schedule: known, lookedAt }: Alert, schedule: Schedule | null, now: Date): boolean {
  if (schedule === null) return false;
  if (known && (known.cron !== schedule.cron || known.timeZone !== schedule.timeZone)) return true;
  return lookedAt !== null && now.getTime() - Date.parse(lookedAt) > GAP_MS;
}

/** Whether the time of the last look is to be written: at most daily, also where a clock that was ahead wrote it. */
export function isLookNoted(lookedAt: string | null, now: Date): boolean {
  return lookedAt !== null && Math.abs(now.getTime() - Date.parse(lookedAt)) < DAY_MS;
}

/**
 * Clocks are set back by less: what is stamped later than so long from now was stamped by a wrong one, and proves
 * nothing; what is stamped earlier counts, so that a clock that was set back changes nothing.
 */
export const MAX_AHEAD_MS = DAY_MS;

export function isPlausible(time: Date, now: Date): boolean {
  return time.getTime() <= now.getTime() + MAX_AHEAD_MS;
}

/** What a look at a subject came to. */
export interface Finding {
  /** The first time that something was due and did not come; null where nothing is overdue. */
  overdueSince: Date | null;
  /** Of the newest good one; null where there is none. */
  goodAt: Date | null;
  /** How long after `overdueSince` it is told. */
  graceMs: number;
  now: Date;
}

export interface Telling {
  kind: 'overdue' | 'reminder' | 'recovered';
  /** Names the outage, together with `after`, target and subject: the same however often the outage is told. */
  since: Date;
  /** Of an outage since a time that another was told of before: when that one had recovered. */
  after: Date | null;
  /** Whole days since it was to be told first. */
  day: number;
}

export interface NextTelling {
  tell: Telling[];
  /** What has been said once that is told. */
  overdue: Alert['overdue'];
  recoveredAt: Alert['recoveredAt'];
}

export type Said = Pick<Alert, 'overdue' | 'recoveredAt'>;

/** @param said `unknown` where it cannot be read: then it is rather told twice */
export function nextTelling(said: Said | 'unknown', finding: Finding): NextTelling {
  if (said === 'unknown') return goingOn(finding);
  const { overdue, recoveredAt } = said;
  if (overdue === null) return beginning(finding, recoveredAt);
  const { goodAt, overdueSince, now } = finding;
  const [since, after] = [new Date(overdue.since), overdue.after === null ? null : new Date(overdue.after)];
  if ((goodAt !== null && goodAt >= since) || !isPlausible(since, now)) {
    // One that begins is later than this one: until it is told, `recoveredAt` is as it was when this one began.
    const next = beginning(finding, recoveredAt);
    return {
      ...next,
      tell: [{ kind: 'recovered', since, after, day: 0 }, ...next.tell],
      recoveredAt: now.toISOString(),
    };
  }
  const day = daysOf({ ...finding, overdueSince: since });
  // More than a day ahead: said by a clock that was.
  const reminders = overdue.reminders > day + 1 ? day : overdue.reminders;
  const reminded = { overdue: { ...overdue, reminders }, recoveredAt };
  // Neither overdue nor recovered: the clock was set back, or the backup that is due is being made.
  if (overdueSince === null || day <= reminders) return { tell: [], ...reminded };
  return { tell: [{ kind: 'reminder', since, after, day }], overdue: { ...overdue, reminders: day }, recoveredAt };
}

function beginning(finding: Finding, recoveredAt: Alert['recoveredAt']): NextTelling {
  const { overdueSince: since } = finding;
  if (since === null) return { tell: [], overdue: null, recoveredAt };
  const day = daysOf(finding);
  const after = recoveredAt !== null && since.getTime() <= Date.parse(recoveredAt) ? recoveredAt : null;
  return {
    tell: [{ kind: 'overdue', since, after: after === null ? null : new Date(after), day }],
    overdue: { since: since.toISOString(), reminders: day, after },
    recoveredAt,
  };
}

/** As if all before today had been told. */
function goingOn(finding: Finding): NextTelling {
  const { tell, ...said } = beginning(finding, null);
  return { tell: tell.map((telling) => (telling.day > 0 ? { ...telling, kind: 'reminder' } : telling)), ...said };
}

function daysOf({ overdueSince, graceMs, now }: Finding): number {
  const sinceMs = (overdueSince ?? now).getTime() + graceMs;
  return Math.max(0, Math.floor((now.getTime() - sinceMs) / DAY_MS));
}
