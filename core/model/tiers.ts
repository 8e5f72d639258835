import { z } from 'zod';

/** The tiers a clock drives, from the largest to the smallest: where two are due at once, the larger one goes first. */
export const SCHEDULED_TIERS = ['monthly', 'weekly', 'daily', 'snapshot'] as const;
export const TIERS = [...SCHEDULED_TIERS, 'manual', 'pre-restore'] as const;

export type ScheduledTier = (typeof SCHEDULED_TIERS)[number];
export type Tier = (typeof TIERS)[number];

export const tierSchema = z.enum(TIERS);

/** Cron expressions, in UTC: a local 02:30 does not exist one night a year. */
export const DEFAULT_SCHEDULES: Record<ScheduledTier, string> = {
  monthly: '0 4 1 * *',
  weekly: '0 3 * * 0',
  daily: '30 2 * * *',
  snapshot: '0 */4 * * *',
};

/** An hour after the last of them; in UTC too. */
export const DEFAULT_PRUNE_SCHEDULE = '30 5 * * *';
