import { dueTimes } from '../../core/catalog/due-times.ts';
import { toBackupError } from '../../core/model/errors.ts';
import type { SettingValues } from '../../core/model/settings.ts';
import type { ScheduledTier } from '../../core/model/tiers.ts';

/** What only `run` needs. */
export interface ServiceConfig {
  /** Cron expressions of five fields; null for never. */
  schedules: Record<ScheduledTier | 'prune', string | null>;
  timeZone: string;
  jitterSeconds: number;
  stopTimeoutSeconds: number;
  listen: { host: string; port: number };
  /** A secret; undefined where nobody may act. */
  dashboardToken: string | undefined;
  /** That people open, where it is not that of `listen`. */
  dashboardUrl: URL | undefined;
  refreshSeconds: number;
}

/** @param dashboardToken that of a file, where there is one */
export function toServiceConfig(settings: SettingValues, dashboardToken: string | undefined): ServiceConfig {
  const { timeZone, jitterSeconds, stopTimeoutSeconds, listen, dashboardUrl, refreshSeconds } = settings;
  return {
    schedules: schedulesOf(settings),
    ...{ timeZone, jitterSeconds, stopTimeoutSeconds, listen, dashboardUrl, refreshSeconds },
    dashboardToken: dashboardToken ?? settings.dashboardToken,
  };
}

/** What is wrong with the schedules, a sentence each. */
export function scheduleProblems(values: Partial<SettingValues>): string[] {
  const { timeZone = 'UTC' } = values;
  return Object.entries(schedulesOf(values)).flatMap(([name, cron]) => {
    try {
      if (cron !== null) dueTimes(cron, timeZone);
      return [];
    } catch (error) {
      return [`BACKUP_SCHEDULE_${name.toUpperCase()}: ${toBackupError(error).message}`];
    }
  });
}

function schedulesOf(values: Partial<SettingValues>): ServiceConfig['schedules'] {
  const { scheduleSnapshot, scheduleDaily, scheduleWeekly, scheduleMonthly, schedulePrune } = values;
  return {
    snapshot: scheduleSnapshot ?? null,
    daily: scheduleDaily ?? null,
    weekly: scheduleWeekly ?? null,
    monthly: scheduleMonthly ?? null,
    prune: schedulePrune ?? null,
  };
}
