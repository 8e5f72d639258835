import type { Schedule } from '../model/alert.ts';
import { toBackupError } from '../model/errors.ts';
import { tierEvent, verificationEvent } from '../model/overdue-events.ts';
import { DEFAULT_GRACE_MS, overdueSince } from '../model/schedule-due.ts';
import { SCHEDULED_TIERS, type ScheduledTier } from '../model/tiers.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { isDueRunAtWork } from './due-run.ts';
import { type DueTimes, dueTimes } from './due-times.ts';
import { DEFAULT_BOUNDS, type LostRunBounds, lostRunNotices } from './lost-runs.ts';
import { newestGood } from './newest-good.ts';
import type { Watched } from './notice.ts';
import { findProofs, type Proofs } from './proofs.ts';
import { watchSubject } from './watch-subject.ts';

const DAY_MS = 24 * 3600 * 1000;

export interface WatchRequest {
  targets: readonly string[];
  /** Cron expressions of five fields; a tier that has none is not watched. */
  schedules: Partial<Record<ScheduledTier, string>>;
  /** UTC by default. */
  timeZone?: string;
  graceMs?: number;
  /** So often at the least a backup of each target is to be proved to load; never where left out. */
  promisedVerificationDays?: number;
  lostRunBounds?: LostRunBounds;
  now: Date;
}

/**
 * Looks for what should have happened and has not: backups that are overdue, runs that never said how they ended,
 * verifications that are too old. May be called as often as one likes, and by several at once: what was told and
 * remembered (`tellNotices`) is not told again. What cannot be looked at hides nothing else.
 * @throws invalid-settings where a schedule is none
 */
export async function watch(store: ObjectStore, request: WatchRequest): Promise<Watched> {
  const { targets, schedules, timeZone = 'UTC', promisedVerificationDays, now } = request;
  const { graceMs = DEFAULT_GRACE_MS, lostRunBounds = DEFAULT_BOUNDS } = request;
  const tiers = SCHEDULED_TIERS.flatMap((tier) => {
    const cron = schedules[tier];
    const common = { tier, graceMs, bounds: lostRunBounds };
    return cron === undefined ? [] : [{ ...common, schedule: { cron, timeZone }, due: dueTimes(cron, timeZone) }];
  });
  const looks = (target: string) => [
    ...tiers.map((tier) => () => watchTier(store, { target, now }, tier)),
    ...(promisedVerificationDays === undefined
      ? []
      : [() => watchVerification(store, { target, now }, promisedVerificationDays)]),
    async () => ({ notices: await lostRunNotices(store, target, now, lostRunBounds), failures: [], overdue: 0 }),
  ];
  const watched: Watched = { notices: [], failures: [], overdue: 0 };
  for (const target of targets) {
    for (const look of looks(target)) {
      const { notices, failures, overdue } = await look().catch((error: unknown) => failed(target, error));
      watched.notices.push(...notices);
      watched.failures.push(...failures);
      watched.overdue += overdue;
    }
  }
  return watched;
}

interface Watch {
  target: string;
  now: Date;
}

interface WatchedTier {
  tier: ScheduledTier;
  schedule: Schedule;
  due: DueTimes;
  graceMs: number;
  bounds: LostRunBounds;
}

function watchTier(
  store: ObjectStore,
  { target, now }: Watch,
  { tier, schedule, due, graceMs, bounds }: WatchedTier,
): Promise<Watched> {
  return watchSubject(store, { target, subject: tier, schedule, now }, async ({ watchedSince }) => {
    const lastDue = due.lastBefore(new Date(now.getTime() - graceMs));
    const good = await newestGood(store, { target, tier, enoughAt: lastDue ?? now, now });
    const goodAt = good?.at ?? null;
    const missed = overdueSince({ lastDue, goodAt, watchedSince, firstDueAfter: due.firstAfter });
    const isComing = missed !== null && (await isDueRunAtWork(store, { target, tier, dueAt: missed, now, bounds }));
    return {
      finding: { overdueSince: isComing ? null : missed, goodAt, graceMs, now },
      verifiedAt: null,
      toEvent: (telling) => tierEvent(telling, { target, tier, good, now }),
    };
  });
}

function watchVerification(store: ObjectStore, { target, now }: Watch, promisedDays: number): Promise<Watched> {
  const promiseMs = promisedDays * DAY_MS;
  return watchSubject(store, { target, subject: 'verification', schedule: null, now }, async (known) => {
    const isProved = known.verifiedAt !== null && known.verifiedAt.getTime() + promiseMs >= now.getTime();
    // Finding them lists all that there is. Daily all the same: newer ones may be gone before the known one is too old.
    const isListed = !isProved || known.isFirstOfDay;
    const found: Proofs = isListed ? await findProofs(store, target, now) : { firstBackupAt: null, verifiedAt: null };
    const verifiedAt = latest(found.verifiedAt, known.verifiedAt);
    // Old backups go in time, and with them what tells since when there was something to prove.
    const { firstBackupAt } = found;
    const unprovedSince = firstBackupAt && earliest(firstBackupAt, known.watchedSince);
    const from = verifiedAt ?? unprovedSince;
    const dueAt = from && new Date(from.getTime() + promiseMs);
    return {
      finding: { overdueSince: dueAt && dueAt < now ? dueAt : null, goodAt: verifiedAt, graceMs: 0, now },
      verifiedAt,
      toEvent: (telling) => verificationEvent(telling, { target, verifiedAt, promisedDays, now }),
    };
  });
}

function latest(a: Date | null, b: Date | null): Date | null {
  return a && b ? (a > b ? a : b) : (a ?? b);
}

function earliest(a: Date, b: Date | null): Date {
  return b && b < a ? b : a;
}

function failed(target: string, error: unknown): Watched {
  return { notices: [], failures: [{ target, error: toBackupError(error) }], overdue: 0 };
}
