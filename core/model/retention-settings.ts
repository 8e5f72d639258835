import { BackupError } from './errors.ts';
import type { RetentionPolicy } from './retention.ts';
import type { Duration, Rule } from './retention-rules.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingValues } from './settings.ts';

/** Which backups are kept, and which run records. */
export interface Retention {
  policy: RetentionPolicy;
  keepRuns: Duration;
}

/** Of SETTINGS, those that `toRetention` needs: the function prune finds these in its environment, and no others. */
export const RETENTION_SETTINGS = [
  'retentionDays',
  'retentionWeekly',
  'retentionMonthly',
  'retentionSnapshot',
  'retentionManual',
  'retentionPreRestore',
  'retentionMinimum',
  'retentionRunsDays',
  'retentionTimeZone',
] as const;
export type RetentionSettingName = (typeof RETENTION_SETTINGS)[number];

export function toRetention(settings: Pick<SettingValues, RetentionSettingName>): Retention {
  const all = (amount: number, unit: Duration['unit']): Rule[] => [{ kind: 'all', youngerThan: { amount, unit } }];
  return {
    policy: {
      tiers: {
        snapshot: settings.retentionSnapshot,
        daily: all(settings.retentionDays, 'd'),
        weekly: all(settings.retentionWeekly, 'w'),
        monthly: all(settings.retentionMonthly, 'mo'),
        manual: settings.retentionManual,
        'pre-restore': settings.retentionPreRestore,
      },
      minimumGood: settings.retentionMinimum,
      timeZone: settings.retentionTimeZone,
    },
    keepRuns: { amount: settings.retentionRunsDays, unit: 'd' },
  };
}

/**
 * By the names and defaults of SETTINGS; an empty value counts as not set.
 * @throws invalid-settings, naming every one that is wrong
 */
export function decodeRetention(env: Record<string, string | undefined>): Retention {
  const values: Partial<Record<RetentionSettingName, unknown>> = {};
  const problems: string[] = [];
  for (const name of RETENTION_SETTINGS) {
    const { env: variable, schema, default: fallback }: Setting = SETTINGS[name];
    const text = env[variable] || fallback;
    const parsed = schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else {
      problems.push(`${variable} ${parsed.error.issues.map(({ message }) => message).join(', ')} (it is "${text}")`);
    }
  }
  if (problems.length > 0) {
    throw new BackupError('invalid-settings', `Wrong settings: ${problems.join('; ')}.`, {
      hint: 'docs/retention.md explains the rules; set them where the stack is configured and deploy it again.',
    });
  }
  return toRetention(values as Pick<SettingValues, RetentionSettingName>);
}
