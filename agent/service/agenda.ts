import { type DueTimes, dueTimes } from '../../core/catalog/due-times.ts';
import { SCHEDULED_TIERS } from '../../core/model/tiers.ts';
import type { ServiceConfig } from './config.ts';

/** What a clock drives. */
export type Job = keyof ServiceConfig['schedules'];

/** Where several are due at once, in this order: a larger backup spares the smaller ones. */
export const JOBS: readonly Job[] = [...SCHEDULED_TIERS, 'prune'];

export interface Slot {
  job: Job;
  dueAt: Date;
}

const SECOND_MS = 1000;

/** What is due when, for one target. */
export class Agenda {
  readonly #due = new Map<Job, DueTimes>();
  /** What comes next and was not taken yet. */
  readonly #next = new Map<Job, Date>();

  /** @param from what was due up to then is no concern of it */
  constructor({ schedules, timeZone }: Pick<ServiceConfig, 'schedules' | 'timeZone'>, from: Date) {
    for (const job of JOBS) {
      const cron = schedules[job];
      if (cron === null) continue;
      this.#due.set(job, dueTimes(cron, timeZone));
      this.#goOn(job, from);
    }
  }

  get jobs(): Job[] {
    return [...this.#due.keys()];
  }

  /** What has come due since the last time; of each job only the newest, however many there were. */
  take(now: Date): Slot[] {
    return this.jobs.flatMap((job) => {
      const next = this.next(job);
      if (!next || next > now) return [];
      const dueAt = this.lastDue(job, now) ?? next;
      this.#goOn(job, dueAt);
      return [{ job, dueAt }];
    });
  }

  /** When it is due next; null for never. */
  next(job: Job): Date | null {
    return this.#next.get(job) ?? null;
  }

  /** Null where nothing ever will be. */
  nextOfAll(): Date | null {
    const times = [...this.#next.values()];
    return times.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
  }

  /** At this time or before it. */
  lastDue(job: Job, now: Date): Date | null {
    // Schedules go by whole minutes: a second more takes in one that is due right now, and no other.
    return this.#due.get(job)?.lastBefore(new Date(now.getTime() + SECOND_MS)) ?? null;
  }

  #goOn(job: Job, from: Date): void {
    const next = this.#due.get(job)?.firstAfter(from);
    if (next) this.#next.set(job, next);
    else this.#next.delete(job);
  }
}
