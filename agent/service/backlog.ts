import { recallAlert } from '../../core/catalog/alerts.ts';
import { newestOfTiers } from '../../core/catalog/catalog.ts';
import { SCHEDULED_TIERS, TIERS } from '../../core/model/tiers.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import type { Agenda, Slot } from './agenda.ts';
import type { ServiceConfig } from './config.ts';
import { findSlotRun, isOpen } from './slot-run.ts';

interface Wanted extends Pick<ServiceConfig, 'schedules' | 'timeZone'> {
  target: string;
  agenda: Agenda;
  now: Date;
}

/**
 * What was due while no service was there, of each job only the last time, and what was begun and not ended. Expected is
 * what the watchdog has been waiting for (it remembers since when, and by which schedule): a service that is new, or got
 * other schedules, begins with what comes due from now on, but for a target without any backup, which gets its smallest
 * one at once.
 * @throws store-*
 */
export async function findBacklog(store: ObjectStore, wanted: Wanted): Promise<Slot[]> {
  const { agenda, now } = wanted;
  const missed: Slot[] = [];
  for (const job of agenda.jobs) {
    const dueAt = agenda.lastDue(job, now);
    if (dueAt && (await isMissed(store, { job, dueAt }, wanted))) missed.push({ job, dueAt });
  }
  return missed.some(({ job }) => job !== 'prune') ? missed : [...missed, ...(await firstBackup(store, wanted))];
}

async function isMissed(store: ObjectStore, slot: Slot, wanted: Wanted): Promise<boolean> {
  const run = await findSlotRun(store, wanted.target, slot);
  return run ? isOpen(run) : wasExpected(store, slot, wanted);
}

/** Of what is no tier, nobody remembers: it is expected where any tier is. */
async function wasExpected(store: ObjectStore, { job, dueAt }: Slot, wanted: Wanted): Promise<boolean> {
  const tiers = job === 'prune' ? SCHEDULED_TIERS : [job];
  for (const tier of tiers) {
    const recalled = await recallAlert(store, wanted.target, tier);
    if (recalled.kind !== 'known') continue;
    const { watchedSince, schedule } = recalled.alert;
    const isSame = schedule?.cron === wanted.schedules[tier] && schedule?.timeZone === wanted.timeZone;
    if (isSame && Date.parse(watchedSince) < dueAt.getTime()) return true;
  }
  return false;
}

async function firstBackup(store: ObjectStore, { target, agenda, now }: Wanted): Promise<Slot[]> {
  const job = SCHEDULED_TIERS.findLast((tier) => agenda.jobs.includes(tier));
  const dueAt = job && agenda.lastDue(job, now);
  if (!dueAt || (await newestOfTiers(store, target, TIERS)).length > 0) return [];
  return (await findSlotRun(store, target, { job, dueAt })) ? [] : [{ job, dueAt }];
}
