import type { BackupSummary } from '../../api.ts';
import type { Level } from './overall.ts';

export interface BadgeText {
  level: Level;
  text: string;
  /** When that was; ISO 8601. */
  at?: string;
}

/** What is special about a backup, a badge each. */
export function backupBadges({ pinned, verified, isStored, problem }: BackupSummary): BadgeText[] {
  return [
    ...(problem ? [{ level: 'bad', text: 'unreadable' } as const] : []),
    ...(isStored ? [] : [{ level: 'bad', text: 'bytes missing' } as const]),
    ...(verified ? [verifiedBadge(verified)] : []),
    ...(pinned ? [{ level: 'info', text: 'pinned' } as const] : []),
  ];
}

function verifiedBadge({ outcome, at }: NonNullable<BackupSummary['verified']>): BadgeText {
  return outcome === 'failed' ? { level: 'bad', text: 'failed to load', at } : { level: 'good', text: 'verified', at };
}
