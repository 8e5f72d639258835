import { isDeepStrictEqual } from 'node:util';
import {
  type Alert,
  type AlertSubject,
  type Finding,
  isAnotherPromise,
  isLookNoted,
  isPlausible,
  nextTelling,
  type Schedule,
  type Telling,
} from '../model/alert.ts';
import type { BackupEvent } from '../model/events.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Recalled, recallAlert, rememberAlert } from './alerts.ts';
import type { Watched } from './notice.ts';

export interface Subject {
  target: string;
  subject: AlertSubject;
  /** Of a tier. */
  schedule: Schedule | null;
  now: Date;
}

/** What earlier looks have left. */
export interface Known {
  /** Null where that is not known: somebody has watched before. */
  watchedSince: Date | null;
  verifiedAt: Date | null;
  /** One a day is: for what costs too much to be done at each. */
  isFirstOfDay: boolean;
}

export interface Seen {
  finding: Finding;
  /** Of `verification`. */
  verifiedAt: Date | null;
  toEvent: (telling: Telling) => BackupEvent;
}

/**
 * Compares what is with what was said of it.
 * @throws store-*, also where what was said could not be read: then nothing is told; and what `look` throws
 */
export async function watchSubject(
  store: ObjectStore,
  { target, subject, schedule, now }: Subject,
  look: (known: Known) => Promise<Seen>,
): Promise<Watched> {
  let recalled = await recallAlert(store, target, subject);
  const before = recalled.kind === 'known' ? recalled.alert : null;
  const isReset = before !== null && isAnotherPromise(before, schedule, now);
  const known = toKnown(recalled, now, isReset);
  const { finding, verifiedAt, toEvent } = await look(known);
  const said = { overdue: before?.overdue ?? null, recoveredAt: before?.recoveredAt ?? null };
  const next = nextTelling(recalled.kind === 'unreadable' ? 'unknown' : said, finding);
  const { tell, recoveredAt } = next;
  // What the old schedule has missed nobody waits for any more; where it came after all, that was told just now.
  const overdue = isReset && tell.length === 0 ? null : next.overdue;
  const lookedAt = before && !known.isFirstOfDay ? before.lookedAt : now.toISOString();
  const watchedSince = (known.watchedSince ?? sinceWhen(finding)).toISOString();
  const verified = verifiedAt?.toISOString() ?? null;
  const alert: Alert = {
    ...{ schemaVersion: 1, target, subject, watchedSince, schedule, lookedAt },
    ...{ verifiedAt: verified, overdue, recoveredAt },
  };
  const failures = recalled.kind === 'unreadable' ? [{ target, error: recalled.error }] : [];
  const seen = { failures, overdue: overdue === null ? 0 : 1 };
  if (tell.length > 0) {
    // Not only once it is told: where nobody can be told for days, that is no gap.
    if (before && known.isFirstOfDay) {
      recalled = await rememberAlert(store, { ...before, watchedSince, schedule, lookedAt }, recalled);
    }
    const remember = async () => void (await rememberAlert(store, alert, recalled));
    return { ...seen, notices: [{ target, events: tell.map(toEvent), remember }] };
  }
  // Told to nobody, so there is nothing to wait for.
  if (!before || !isDeepStrictEqual(before, alert)) await rememberAlert(store, alert, recalled);
  return { ...seen, notices: [] };
}

/** Of what nobody remembers: so that what is overdue now still is at the next look. */
function sinceWhen({ goodAt, overdueSince, now }: Finding): Date {
  return goodAt ?? (overdueSince ? new Date(overdueSince.getTime() - 1) : now);
}

function toKnown(recalled: Recalled, now: Date, isReset: boolean): Known {
  if (recalled.kind === 'unreadable') return { watchedSince: null, verifiedAt: null, isFirstOfDay: true };
  if (recalled.kind === 'absent') return { watchedSince: now, verifiedAt: null, isFirstOfDay: true };
  const { alert } = recalled;
  const watchedSince = new Date(alert.watchedSince);
  const verifiedAt = alert.verifiedAt === null ? null : new Date(alert.verifiedAt);
  return {
    watchedSince: !isReset && isPlausible(watchedSince, now) ? watchedSince : now,
    verifiedAt: verifiedAt && isPlausible(verifiedAt, now) ? verifiedAt : null,
    isFirstOfDay: !isLookNoted(alert.lookedAt, now),
  };
}
