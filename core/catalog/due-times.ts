import { Cron } from 'croner';
import { BackupError } from '../model/errors.ts';

export interface DueTimes {
  /** Null where it was never due. */
  lastBefore(time: Date): Date | null;
  /** Null where it never will be. */
  firstAfter(time: Date): Date | null;
}

/** @throws invalid-settings */
export function dueTimes(schedule: string, timeZone: string): DueTimes {
  let cron: Cron;
  try {
    cron = new Cron(schedule, { timezone: timeZone, mode: '5-part' });
    // A time zone is looked at only when it is needed.
    cron.nextRun();
  } catch (cause) {
    throw new BackupError('invalid-settings', `"${schedule}" in ${timeZone} is no schedule: ${String(cause)}.`, {
      hint: 'Write five fields as for cron, such as "30 2 * * *", and a time zone such as UTC or Europe/Berlin.',
      cause,
    });
  }
  // As EventBridge Scheduler does when the clocks change, and croner does not: a local time that does not exist is
  // skipped, and of an hour that comes twice the schedule runs in one only.
  const wallTime = wallTimes(timeZone);
  const isDue = (time: Date) => cron.match(time) && !isRepeated(time, wallTime);
  return {
    lastBefore: (time) => firstThat(isDue, time, (before) => cron.previousRuns(1, before)[0] ?? null),
    firstAfter: (time) => firstThat(isDue, time, (after) => cron.nextRun(after)),
  };
}

function firstThat(isDue: (time: Date) => boolean, from: Date, step: (from: Date) => Date | null): Date | null {
  let time = step(from);
  while (time && !isDue(time)) time = step(time);
  return time;
}

/** By so much clocks go back: an hour, or half of one on Lord Howe Island. */
const SET_BACK_MS = [30 * 60_000, 60 * 60_000];

function isRepeated(time: Date, wallTime: (time: Date) => string): boolean {
  return SET_BACK_MS.some((backMs) => wallTime(time) === wallTime(new Date(time.getTime() - backMs)));
}

function wallTimes(timeZone: string): (time: Date) => string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (time) => format.format(time);
}
