import { dueTimes } from '../../../../core/catalog/due-times.ts';

/** A schedule of every minute is due 50,000 times in the days that are shown: then only the newest are known. */
const MOST = 2000;

/** Newest first. @throws invalid-settings */
export function dueBetween({ cron, timeZone }: { cron: string; timeZone: string }, from: number, to: number): number[] {
  const times = dueTimes(cron, timeZone);
  const due: number[] = [];
  let time = times.lastBefore(new Date(to));
  while (time && time.getTime() >= from && due.length < MOST) {
    due.push(time.getTime());
    time = times.lastBefore(time);
  }
  return due;
}
