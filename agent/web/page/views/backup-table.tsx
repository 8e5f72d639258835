import type { ComponentChildren } from 'preact';
import type { BackupSummary } from '../../api.ts';
import { BackupBadges } from '../parts/backup-badges.tsx';
import { BackupLink } from '../parts/backup-link.tsx';
import { HeadRow } from '../parts/head-row.tsx';
import { Moment } from '../parts/moment.tsx';
import { bytesText, countText } from '../text/numbers.ts';
import { secondsText } from '../text/time.ts';

const NUMBERS = ['Stored', 'Nodes', 'Took'];

/** Newest first. @param hasTargets whether there is more than one to tell apart */
export function BackupTable({ backups, hasTargets }: { backups: BackupSummary[]; hasTargets: boolean }) {
  return (
    <table class="as-cards list">
      <caption class="visually-hidden">Backups, newest first</caption>
      <HeadRow
        columns={['Backup', ...(hasTargets ? ['Target'] : []), 'Tier', 'Taken', ...NUMBERS, 'State']}
        numbers={NUMBERS}
      />
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
        <span class="badges">
          <BackupBadges backup={backup} none="not verified" />
        </span>
      </td>
    </tr>
  );
}
