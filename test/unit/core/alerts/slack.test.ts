import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { slackText } from '../../../../core/alerts/webhook/shapes/slack-text.ts';
import { bodyOf, shapeOf } from '../../../../core/alerts/webhook/shapes.ts';
import { type BackupEvent, EVENT_TYPES } from '../../../../core/model/events.ts';
import { exampleEvent } from '../../../support/webhook-events.ts';

/*
 * As Slack's reference has it: https://docs.slack.dev/reference/block-kit/blocks (header, section, context), .../
 * composition-objects/text-object, and https://docs.slack.dev/messaging/formatting-message-text for what is escaped.
 */
const escaped = z.string().regex(/^(?:[^&<>]|&(?:amp|lt|gt);)*$/);
const blockId = z.string().max(255).optional();
const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: escaped.min(1).max(max), emoji: z.boolean().optional() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: escaped.min(1).max(max), verbatim: z.boolean().optional() });
const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)]);
const header = z.strictObject({ type: z.literal('header'), text: plainText(150), block_id: blockId });
const section = z
  .strictObject({
    type: z.literal('section'),
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    block_id: blockId,
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined);
const context = z.strictObject({
  type: z.literal('context'),
  elements: z.array(anyText(3000)).min(1).max(10),
  block_id: blockId,
});
const message = z.strictObject({
  text: escaped.min(1).max(4000),
  blocks: z
    .array(z.discriminatedUnion('type', [header, section, context]))
    .min(1)
    .max(50),
});

function slack(event: BackupEvent) {
  return message.parse(JSON.parse(bodyOf('slack', event)));
}

it.each([
  ['Verification Recovered', '\u{1F7E2}'],
  ['Test Notice', '\u{1F535}'],
  ['Verification Overdue', '\u{1F534}'],
] as const)('the light of %s is %s', (type, light) => {
  expect(slack(exampleEvent(type)).blocks[0]).toMatchObject({ text: { text: expect.stringContaining(light) } });
});

describe("the body for Slack keeps Slack's rules", () => {
  it.each(EVENT_TYPES)('for %s', (type) => {
    expect(slack(exampleEvent(type)).blocks[0]).toMatchObject({ text: { text: expect.stringContaining(type) } });
  });

  it('for one of which nothing is known', () => {
    const unknown = { tier: null, runId: null, backupId: null, hint: null, failure: null, sizes: null };
    const { blocks } = slack(exampleEvent('Backup Overdue', { ...unknown, durationSeconds: null, message: '' }));
    expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'context']);
  });

  it.each(['x', '&', '<', '\u{1F7E2}', '\n', '\ud800'])('where all texts are long, of %j', (character) => {
    const long = character.repeat(5000);
    const target = 'a'.repeat(63);
    const failure = { code: long, message: long, hint: long, retryable: true };
    expect(slack(exampleEvent('Backup Failed', { target, message: long, hint: long, failure })).blocks).toHaveLength(5);
  });
});

it('tells people what happened, what to do, and where to look', () => {
  const { text, blocks } = slack(exampleEvent());
  expect(text).toBe('Backup Failed: prod: No room: 3 GiB are needed &amp; 2 GiB are free on &lt;/data&gt;.');
  expect(blocks.map((block) => ('fields' in block ? block.fields?.map((field) => field.text) : block))).toEqual([
    { type: 'header', text: { type: 'plain_text', text: '\u{1F534} Backup Failed: prod' } },
    expect.objectContaining({ text: expect.objectContaining({ text: text.split(': ').slice(2).join(': ') }) }),
    expect.objectContaining({
      text: expect.objectContaining({ text: '*What to do:* Free some, or set &lt;BACKUP_SCRATCH_DIR&gt;.' }),
    }),
    [
      '*Tier*\ndaily',
      '*Backup*\n20261122T023000Z-prod-daily',
      '*Run*\n20261122T023000Z-a',
      '*Error*\nno-room',
      '*Duration*\n1m 1.5s',
      '*Size*\n3 MB, stored as 1 MB',
    ],
    expect.objectContaining({
      elements: [expect.objectContaining({ text: '2026-11-22T02:31:00.000Z · backup-failed/prod/20261122T023000Z-a' })],
    }),
  ]);
});

it.each([
  ['abcdef', 5, 'abcd…'],
  ['abcde', 5, 'abcde'],
  ['a&&', 10, 'a&amp;…'],
  ['a&b', 7, 'a&amp;b'],
  ['\u{1F7E2}\u{1F7E2}', 3, '\u{1F7E2}…'],
  ['<!channel>', 100, '&lt;!channel&gt;'],
])('escapes %j within %i characters as %j', (text, max, expected) => expect(slackText(text, max)).toBe(expected));

it.each([
  ['https://hooks.slack.com/services/T/B/x', 'slack'],
  ['https://HOOKS.slack.com/services/T/B/x', 'slack'],
  ['https://hooks.slack-gov.com/services/T/B/x', 'slack'],
  ['https://hooks.slack.com.example.org/services', 'generic'],
  ['https://example.org/hooks.slack.com', 'generic'],
])('takes %s for %s', (url, shape) => expect(shapeOf(new URL(url))).toBe(shape));
