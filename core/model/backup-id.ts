import { z } from 'zod';
import { targetSchema } from './target.ts';
import { TIERS, type Tier } from './tiers.ts';
import { fromCompactTimestamp, toCompactTimestamp } from './timestamp.ts';

export interface BackupIdParts {
  scheduledFor: Date;
  target: string;
  tier: Tier;
}

/** `<yyyymmddThhmmssZ>-<target>-<tier>`, from the scheduled time: a retry of the same schedule makes the same id. */
export function formatBackupId({ scheduledFor, target, tier }: BackupIdParts): string {
  return `${toCompactTimestamp(scheduledFor)}-${target}-${tier}`;
}

/** Undefined where the text is not a backup id. Target and tier may both hold dashes; the tier is one of a fixed few. */
export function parseBackupId(text: string): BackupIdParts | undefined {
  const tier = TIERS.find((candidate) => text.endsWith(`-${candidate}`));
  if (!tier) return undefined;
  const scheduledFor = fromCompactTimestamp(text.slice(0, 16));
  const target = text.slice(17, -(tier.length + 1));
  if (!scheduledFor || text[16] !== '-' || !targetSchema.safeParse(target).success) return undefined;
  return { scheduledFor, target, tier };
}

export const backupIdSchema = z
  .string()
  .refine((text) => parseBackupId(text) !== undefined, 'not a backup id (<yyyymmddThhmmssZ>-<target>-<tier>)');
