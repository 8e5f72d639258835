/** Of every tier: how long after it was due a backup may be in coming. Longer than a large one takes. */
export const DEFAULT_GRACE_MS = 3600 * 1000;

export interface ScheduleFacts {
  /** The last time that it was due and whose grace is over; null where there was none. */
  lastDue: Date | null;
  /** Of the newest good backup, or the run that found that none was needed; null where there never was one. */
  goodAt: Date | null;
  /** Since when somebody expects them by this schedule; null where that is not known, and then it is since ever. */
  watchedSince: Date | null;
  /** The first time that it is due after a time. */
  firstDueAfter: (time: Date) => Date | null;
}

/** The first time that it was due and nothing came; null where it is not overdue. */
export function overdueSince({ lastDue, goodAt, watchedSince, firstDueAfter }: ScheduleFacts): Date | null {
  const expectedFrom = goodAt && watchedSince && watchedSince > goodAt ? watchedSince : (goodAt ?? watchedSince);
  if (lastDue === null || expectedFrom === null) return lastDue;
  return lastDue > expectedFrom ? (firstDueAfter(expectedFrom) ?? lastDue) : null;
}
