import { stripVTControlCharacters } from 'node:util';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Message } from '../../core/alerts/sns-sink.ts';
import { clip } from '../../core/model/event-texts.ts';
import type { BackupEvent, EventDetail } from '../../core/model/events.ts';
import type { Command } from './commands.ts';
import type { LastGood } from './last-good.ts';

/** "Less than 100 characters", says the reference of SNS. */
const MAX_SUBJECT = 99;

export interface Known {
  lastGood: LastGood;
  commands: Command[];
}

/** A mail that a person can act on without looking anything up. */
export function toMessage(event: BackupEvent, { lastGood, commands }: Known): Message {
  const { type, detail } = event;
  const { target, message, hint } = detail;
  const facts = { ...factsOf(detail), 'Last good backup': lastGoodText(lastGood, detail), 'Event id': detail.eventId };
  const width = Math.max(...Object.keys(facts).map((name) => name.length)) + 1;
  const lines = [
    `${type}: ${target}`,
    '',
    oneLine(message),
    ...(hint === null ? [] : ['', `What to do: ${oneLine(hint)}`]),
    '',
    ...Object.entries(facts).flatMap(([name, value]) =>
      value === null ? [] : [`${`${name}:`.padEnd(width)} ${oneLine(value)}`],
    ),
    ...commands.flatMap(({ what, line }) => ['', what, `  ${line}`]),
    '',
    'docs/deploy.md ("By hand") explains these commands. The same event id twice is the same notice twice.',
  ];
  return { subject: subjectOf(event), text: `${lines.join('\n')}\n` };
}

/** What has happened to which target comes first: a phone shows no more. */
function subjectOf({ type, detail: { target, tier, failure } }: BackupEvent): string {
  const text = `${type}: ${target}${tier === null ? '' : ` ${tier}`}${failure === null ? '' : ` (${failure.code})`}`;
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return ascii.length <= MAX_SUBJECT ? ascii : `${ascii.slice(0, MAX_SUBJECT - 3)}...`;
}

/** In this order; null for what is not known. */
function factsOf({ target, tier, at, runId, backupId, failure, durationSeconds, sizes, message }: EventDetail) {
  const said = failure && failure.message !== message ? `, ${failure.message}` : '';
  return {
    Target: target,
    Tier: tier,
    At: timeText(at),
    Error: failure && `${failure.code}${failure.retryable ? ', which may pass by itself' : ''}${said}`,
    Run: runId,
    Backup: backupId,
    Duration: durationSeconds === null ? null : prettyMilliseconds(durationSeconds * 1000),
    Size: sizes && `${prettyBytes(sizes.rdbBytes)}, stored as ${prettyBytes(sizes.storedBytes)}`,
  };
}

function lastGoodText(lastGood: LastGood, { at }: EventDetail): string {
  if (lastGood.kind === 'none') return 'none: there is no backup of this target that can be restored';
  if (lastGood.kind === 'unknown') return `unknown, as ${lastGood.why}`;
  const agoMs = Date.parse(at) - lastGood.at.getTime();
  const ago = agoMs > 0 ? `, ${prettyMilliseconds(agoMs, { compact: false, unitCount: 2 })} before this` : '';
  return `${lastGood.backupId}, of ${timeText(lastGood.at.toISOString())}${ago}`;
}

function timeText(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}

/** Bounded, and without what could pass for another line of the mail or move a terminal's cursor. */
function oneLine(text: string): string {
  const plain = stripVTControlCharacters(text.toWellFormed()).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return clip(plain.trim()).toWellFormed();
}
