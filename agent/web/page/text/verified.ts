import type { BackupSummary } from '../../api.ts';
import type { Level } from './overall.ts';
import { ageText } from './time.ts';

export interface BadgeText {
  level: Level;
  text: string;
}

/** What is special about a backup, a badge each. @param now by the server's clock, in milliseconds */
export function backupBadges({ pinned, verified, isStored, problem }: BackupSummary, now: number): BadgeText[] {
  return [
    ...(problem ? [{ level: 'bad', text: 'unreadable' } as const] : []),
    ...(isStored ? [] : [{ level: 'bad', text: 'bytes missing' } as const]),
    ...(verified ? [verifiedBadge(verified, now)] : []),
    ...(pinned ? [{ level: 'info', text: 'pinned' } as const] : []),
  ];
}

function verifiedBadge({ outcome, at }: NonNullable<BackupSummary['verified']>, now: number): BadgeText {
  if (outcome === 'failed') return { level: 'bad', text: `failed to load ${ageText(at, now)}` };
  return { level: 'good', text: `verified ${ageText(at, now)}` };
}
