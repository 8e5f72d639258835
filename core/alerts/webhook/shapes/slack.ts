import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { BackupEvent, EventDetail, EventType } from '../../../model/events.ts';
import { slackText } from './slack-text.ts';

/*
 * The body of an Incoming Webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). Slack
 * refuses the whole message where one text is longer than its block allows (https://docs.slack.dev/reference/block-kit).
 */
const MAX_NOTIFICATION = 4000;
const MAX_HEADER = 150;
const MAX_TEXT = 3000;
const MAX_FIELD = 2000;

const GOOD: readonly EventType[] = [
  'Backup Completed',
  'Backup Recovered',
  'Restore Completed',
  'Prune Completed',
  'Verification Recovered',
];
const NEUTRAL: readonly EventType[] = ['Backup Skipped', 'Restore Started', 'Test Notice'];

/** A message for people: what happened to which target, what to do, and the ids to look for. */
export function slackBody({ type, detail }: BackupEvent) {
  const { message, hint, target, eventId, at } = detail;
  const fields = knownFields(detail);
  return {
    // What notifications show, and clients that know no blocks.
    text: slackText(`${type}: ${target}: ${message}`, MAX_NOTIFICATION),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: slackText(`${light(type)} ${type}: ${target}`, MAX_HEADER) },
      },
      // Slack refuses an empty text.
      section('', message || type),
      ...(hint ? [section('*What to do:* ', hint)] : []),
      ...(fields.length > 0 ? [{ type: 'section', fields }] : []),
      { type: 'context', elements: [markdown('', `${at} · ${eventId}`, MAX_TEXT)] },
    ],
  };
}

function knownFields(detail: EventDetail) {
  const { tier, backupId, runId, failure, durationSeconds, sizes } = detail;
  const known = {
    Tier: tier,
    Backup: backupId,
    Run: runId,
    Error: failure?.code,
    Duration: durationSeconds === null ? null : prettyMilliseconds(durationSeconds * 1000),
    Size: sizes && `${prettyBytes(sizes.rdbBytes)}, stored as ${prettyBytes(sizes.storedBytes)}`,
  };
  return Object.entries(known).flatMap(([name, value]) => (value ? [markdown(`*${name}*\n`, value, MAX_FIELD)] : []));
}

function section(prefix: string, text: string) {
  return { type: 'section', text: markdown(prefix, text, MAX_TEXT) };
}

/** `verbatim`: Slack makes no links and mentions of what looks like them. */
function markdown(prefix: string, text: string, max: number) {
  return { type: 'mrkdwn', text: prefix + slackText(text, max - prefix.length), verbatim: true };
}

function light(type: EventType): string {
  if (GOOD.includes(type)) return '\u{1F7E2}';
  return NEUTRAL.includes(type) ? '\u{1F535}' : '\u{1F534}';
}
