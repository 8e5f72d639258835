import type { ComponentChildren } from 'preact';
import type { TargetAnswer, TierAnswer } from '../../api.ts';
import { BackupBadges } from '../parts/backup-badges.tsx';
import { BackupLink } from '../parts/backup-link.tsx';
import { HeadRow } from '../parts/head-row.tsx';
import { Age, AgeAndTime } from '../parts/moment.tsx';
import { StateWords } from '../parts/state-words.tsx';
import { bytesText } from '../text/numbers.ts';
import { hasBackups } from '../text/overall.ts';

/** A line per tier that has a schedule or a backup. */
export function TierTable({ target: { target, tiers, storeState } }: { target: TargetAnswer }): ComponentChildren {
  const shown = tiers.filter((tier) => tier.schedule !== null || hasBackups([tier]));
  if (shown.length === 0) return null;
  return (
    <table class="as-cards tiers">
      <caption class="visually-hidden">Newest backups of {target} by tier</caption>
      <HeadRow columns={['Tier', 'State', 'Newest backup', 'Size', 'Next due']} />
      <tbody>
        {shown.map((tier) => (
          <TierLine key={tier.tier} tier={tier} isKnown={storeState.state === 'up' || tier.newest !== null} />
        ))}
      </tbody>
    </table>
  );
}

function TierLine({ tier, isKnown }: { tier: TierAnswer; isKnown: boolean }): ComponentChildren {
  const { newest, unreadable, schedule, nextDue } = tier;
  return (
    <tr>
      <th scope="row">
        {tier.tier}
        {schedule ? <span class="fine mono">{`${schedule.cron} ${schedule.timeZone}`}</span> : null}
      </th>
      <td data-name="State">{isKnown ? <TierState tier={tier} /> : <StateWords level="info">Not known</StateWords>}</td>
      <td data-name="Newest backup">
        {newest ? (
          <div class="newest">
            <BackupLink id={newest.backupId}>
              <AgeAndTime at={newest.facts?.takenAt ?? newest.scheduledFor} />
            </BackupLink>
            <span class="badges">
              <BackupBadges backup={newest} />
            </span>
          </div>
        ) : (
          <span class="muted">{isKnown ? (unreadable ? 'none that can be read' : 'none yet') : 'not known'}</span>
        )}
      </td>
      <td data-name="Size">{newest?.facts ? bytesText(newest.facts.storedBytes) : '–'}</td>
      <td data-name="Next due">{nextDue ? <AgeAndTime at={nextDue} /> : <span class="muted">not scheduled</span>}</td>
    </tr>
  );
}

function TierState({ tier: { overdueSince, lastSkippedAt, newest, unreadable, schedule } }: { tier: TierAnswer }) {
  if (overdueSince !== null) {
    return (
      <StateWords level="bad">
        Overdue, was due <Age at={overdueSince} />
      </StateWords>
    );
  }
  if (unreadable !== null) {
    return (
      <StateWords level="bad">
        <BackupLink id={unreadable.backupId}>The newest</BackupLink> is unreadable
      </StateWords>
    );
  }
  if (lastSkippedAt !== null) {
    return (
      <StateWords level="good">
        Up to date: skipped <Age at={lastSkippedAt} />
      </StateWords>
    );
  }
  if (newest === null) return <StateWords level="info">Waiting for the first</StateWords>;
  return <StateWords level={schedule ? 'good' : 'info'}>{schedule ? 'On time' : 'On demand'}</StateWords>;
}
