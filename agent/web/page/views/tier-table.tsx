import type { ComponentChildren } from 'preact';
import type { TargetAnswer, TierAnswer } from '../../api.ts';
import { useNow } from '../hooks/use-live.ts';
import { BackupLink } from '../parts/backup-link.tsx';
import { Age, AgeAndTime } from '../parts/moment.tsx';
import { Badge, StateWords } from '../parts/state-words.tsx';
import { bytesText } from '../text/numbers.ts';
import { backupBadges } from '../text/verified.ts';

/** A line per tier that has a schedule or a backup. */
export function TierTable({ target: { target, tiers, storeState } }: { target: TargetAnswer }): ComponentChildren {
  const shown = tiers.filter(({ schedule, newest }) => schedule !== null || newest !== null);
  if (shown.length === 0) return null;
  return (
    <table class="as-cards tiers">
      <caption class="visually-hidden">Newest backups of {target} by tier</caption>
      <thead>
        <tr>
          <th scope="col">Tier</th>
          <th scope="col">State</th>
          <th scope="col">Newest backup</th>
          <th scope="col">Size</th>
          <th scope="col">Next due</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((tier) => (
          <TierLine key={tier.tier} tier={tier} isKnown={storeState.state === 'up' || tier.newest !== null} />
        ))}
      </tbody>
    </table>
  );
}

function TierLine({ tier, isKnown }: { tier: TierAnswer; isKnown: boolean }): ComponentChildren {
  const { newest, schedule, nextDue } = tier;
  const now = useNow();
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
              {backupBadges(newest, now).map(({ level, text }) => (
                <Badge key={text} level={level}>
                  {text}
                </Badge>
              ))}
            </span>
          </div>
        ) : (
          <span class="muted">{isKnown ? 'none yet' : 'not known'}</span>
        )}
      </td>
      <td data-name="Size">{newest?.facts ? bytesText(newest.facts.storedBytes) : '–'}</td>
      <td data-name="Next due">{nextDue ? <AgeAndTime at={nextDue} /> : <span class="muted">not scheduled</span>}</td>
    </tr>
  );
}

function TierState({ tier: { overdueSince, lastSkippedAt, newest, schedule } }: { tier: TierAnswer }) {
  if (overdueSince !== null) {
    return (
      <StateWords level="bad">
        Overdue, was due <Age at={overdueSince} />
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
