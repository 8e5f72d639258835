import type { AlertSubject, Telling } from './alert.ts';
import { type BackupEvent, backupEvent, type EventType } from './events.ts';
import type { Tier } from './tiers.ts';
import { toCompactTimestamp } from './timestamp.ts';

/** The newest good backup of a tier, or the run that found that none was needed. */
export interface GoodRun {
  at: Date;
  backupId: string;
  what: 'backup' | 'unchanged' | 'covered';
}

export interface TierNews {
  target: string;
  tier: Tier;
  good: GoodRun | null;
  now: Date;
}

export function tierEvent(telling: Telling, { target, tier, good, now }: TierNews): BackupEvent {
  const known = { at: now.toISOString(), target, tier };
  const occasion = occasionOf(tier, telling);
  if (telling.kind === 'recovered') {
    const isBackup = good?.what === 'backup';
    return backupEvent('Backup Recovered', occasion, {
      ...known,
      backupId: isBackup ? good.backupId : null,
      message: `There are ${tier} backups of ${target} again${isBackup ? `: ${good.backupId}` : ''}. None had come since ${timeText(telling.since)}.`,
    });
  }
  const missed = `the one that was due at ${timeText(telling.since)} did not come`;
  const message = good
    ? `${opening(telling)} ${tier} backup of ${target}: ${missed}. The last good one is ${lastGood(good)}.`
    : `${opening(telling)} ${tier} backup of ${target}: ${missed}, and there is no other.`;
  return backupEvent('Backup Overdue', occasion, {
    ...known,
    message,
    hint: `See that its agent runs and what it last said ("falkordb-backup status", "falkordb-backup doctor"), and that the schedule is on; "falkordb-backup backup --tier ${tier}" makes one now.`,
  });
}

export interface VerificationNews {
  target: string;
  /** Null where there never was one. */
  verifiedAt: Date | null;
  promisedDays: number;
  now: Date;
}

export function verificationEvent(telling: Telling, news: VerificationNews): BackupEvent {
  const { target, verifiedAt, promisedDays, now } = news;
  const known = { at: now.toISOString(), target };
  const [type, message, hint]: [EventType, string, string | null] =
    telling.kind === 'recovered'
      ? ['Verification Recovered', `A backup of ${target} was proved to load again.`, null]
      : [
          'Verification Overdue',
          verifiedAt
            ? `No backup of ${target} was proved to load since ${timeText(verifiedAt)}, though one is to be every ${promisedDays} days.`
            : `No backup of ${target} was ever proved to load, though one is to be every ${promisedDays} days.`,
          'Run "falkordb-backup verify --load latest", and see why its schedule does not.',
        ];
  return backupEvent(type, occasionOf('verification', telling), { ...known, message, hint });
}

function occasionOf(subject: AlertSubject, { kind, since, after, day }: Telling): string {
  const again = after === null ? '' : `-after-${toCompactTimestamp(after)}`;
  const outage = `${subject}-${toCompactTimestamp(since)}${again}`;
  return kind === 'reminder' ? `${outage}-day-${day}` : outage;
}

function opening({ kind, day }: Telling): string {
  return kind === 'reminder' ? `After ${day} ${day === 1 ? 'day' : 'days'} there is still no new` : 'There is no new';
}

function lastGood({ at, backupId, what }: GoodRun): string {
  if (what === 'backup') return `${backupId}, of ${timeText(at)}`;
  const why = what === 'unchanged' ? 'nothing had been written' : 'a larger tier had just been backed up';
  return `of ${timeText(at)}, when none was needed: ${why}`;
}

function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
