import type { ComponentChildren } from 'preact';
import type { BackupSummary } from '../../api.ts';
import { useNow } from '../hooks/use-live.ts';
import { BackupLink } from '../parts/backup-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Badge } from '../parts/state-words.tsx';
import { bytesText, countText } from '../text/numbers.ts';
import { secondsText } from '../text/time.ts';
import { backupBadges } from '../text/verified.ts';

/** Newest first. @param hasTargets whether there is more than one to tell apart */
export function BackupTable({ backups, hasTargets }: { backups: BackupSummary[]; hasTargets: boolean }) {
  return (
    <table class="as-cards list">
      <caption class="visually-hidden">Backups, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Backup</th>
          {hasTargets ? <th scope="col">Target</th> : null}
          <th scope="col">Tier</th>
          <th scope="col">Taken</th>
          <th scope="col" class="number">
            Stored
          </th>
          <th scope="col" class="number">
            Nodes
          </th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {backups.map((backup) => (
          <BackupLine key={backup.backupId} backup={backup} hasTargets={hasTargets} />
        ))}
      </tbody>
    </table>
  );
}

function BackupLine({ backup, hasTargets }: { backup: BackupSummary; hasTargets: boolean }): ComponentChildren {
  const { backupId, target, tier, facts, scheduledFor } = backup;
  const now = useNow(10_000);
  const badges = backupBadges(backup, now);
  return (
    <tr>
      <th scope="row">
        <BackupLink id={backupId} />
      </th>
      {hasTargets ? <td data-name="Target">{target}</td> : null}
      <td data-name="Tier">{tier}</td>
      <td data-name="Taken" class="wide">
        <Moment at={facts?.takenAt ?? scheduledFor} />
      </td>
      <td data-name="Stored" class="number">
        {facts ? bytesText(facts.storedBytes) : '–'}
      </td>
      <td data-name="Nodes" class="number">
        {facts ? countText(facts.nodes) : '–'}
      </td>
      <td data-name="Took" class="number">
        {facts ? secondsText(facts.durationSeconds) : '–'}
      </td>
      <td data-name="State" class="wide">
        {badges.length === 0 ? <span class="muted">not verified</span> : null}
        <span class="badges">
          {badges.map(({ level, text }) => (
            <Badge key={text} level={level}>
              {text}
            </Badge>
          ))}
        </span>
      </td>
    </tr>
  );
}
