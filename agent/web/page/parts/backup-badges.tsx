import type { ComponentChildren } from 'preact';
import type { BackupSummary } from '../../api.ts';
import { backupBadges } from '../text/verified.ts';
import { Age } from './moment.tsx';
import { Badge } from './state-words.tsx';

/** What is special about a backup; else `none`. */
export function BackupBadges({ backup, none }: { backup: BackupSummary; none?: string }): ComponentChildren {
  const badges = backupBadges(backup);
  if (badges.length === 0) return none ? <span class="muted">{none}</span> : null;
  return badges.map(({ level, text, at }) => (
    <Badge key={text} level={level}>
      {text} {at === undefined ? null : <Age at={at} />}
    </Badge>
  ));
}
