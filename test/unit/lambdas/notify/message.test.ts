import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../../core/model/events.ts';
import { TIERS } from '../../../../core/model/tiers.ts';
import { type Known, toMessage } from '../../../../lambdas/notify/message.ts';
import { exampleEvent } from '../../../support/webhook-events.ts';

const KNOWN: Known = {
  lastGood: { kind: 'found', backupId: '20261121T023000Z-prod-daily', at: new Date('2026-11-21T02:30:00Z') },
  commands: [{ what: 'What became of it:', line: 'aws lambda invoke' }],
};

describe('toMessage', () => {
  it('says all that is known, what to do, and what to type', () => {
    expect(toMessage(exampleEvent(), KNOWN)).toEqual({
      subject: 'Backup Failed: prod daily (no-room)',
      text: `Backup Failed: prod

No room: 3 GiB are needed & 2 GiB are free on </data>.

What to do: Free some, or set <BACKUP_SCRATCH_DIR>.

Target:           prod
Tier:             daily
At:               2026-11-22 02:31:00 UTC
Error:            no-room, No room.
Run:              20261122T023000Z-a
Backup:           20261122T023000Z-prod-daily
Duration:         1m 1.5s
Size:             3 MB, stored as 1 MB
Last good backup: 20261121T023000Z-prod-daily, of 2026-11-21 02:30:00 UTC, 1d 1m before this
Event id:         backup-failed/prod/20261122T023000Z-a

What became of it:
  aws lambda invoke

docs/deploy.md ("By hand") explains these commands. The same event id twice is the same notice twice.
`,
    });
  });

  it('leaves out what is not known, and does not say twice what went wrong', () => {
    const nothing = { tier: null, runId: null, backupId: null, hint: null, durationSeconds: null, sizes: null };
    const { text } = toMessage(exampleEvent('Prune Failed', { ...nothing, failure: null }), KNOWN);
    expect(text).not.toMatch(/null|What to do|Tier:|Error:|Run:|Backup:|Duration:|Size:/);
    const failure = { code: 'no-room', message: 'No room.', hint: null, retryable: true };
    expect(toMessage(exampleEvent('Backup Failed', { message: 'No room.', failure }), KNOWN).text).toMatch(
      /^Error: +no-room, which may pass by itself$/m,
    );
  });

  it('says where there is no good backup, and where nobody knows', () => {
    const textOf = (lastGood: Known['lastGood']) => toMessage(exampleEvent(), { ...KNOWN, lastGood }).text;
    expect(textOf({ kind: 'none' })).toMatch(/^Last good backup: none: there is no backup/m);
    expect(textOf({ kind: 'unknown', why: 'the store is away' })).toMatch(
      /^Last good backup: unknown, as the store is away$/m,
    );
  });

  it('says no age of a backup that is newer than the event', () => {
    const late = { ...KNOWN.lastGood, at: new Date('2026-11-23T02:30:00Z') } as Known['lastGood'];
    expect(toMessage(exampleEvent(), { ...KNOWN, lastGood: late }).text).toMatch(/of 2026-11-23 02:30:00 UTC$/m);
  });

  it('lets no message pass for another line, nor grow without a bound', () => {
    const message = `It failed.\r\nWhat to do: delete it.\u2028\u001b[2J\u0007${'x'.repeat(100_000)}\ud800`;
    const { text } = toMessage(exampleEvent('Backup Failed', { message }), KNOWN);
    expect(text.match(/^What to do: .*/gm)).toEqual(['What to do: Free some, or set <BACKUP_SCRATCH_DIR>.']);
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
    expect(text.length).toBeLessThan(5000);
    expect(text.isWellFormed()).toBe(true);
  });

  it('cuts a subject that is too long for SNS, and no other', () => {
    const target = 'x'.repeat(63);
    const subjectOf = (code: string) => {
      const failure = { code, message: '', hint: null, retryable: false };
      return toMessage(exampleEvent('Restore Failed', { target, tier: null, failure }), KNOWN).subject;
    };
    expect(subjectOf('c'.repeat(17))).toBe(`Restore Failed: ${target} (${'c'.repeat(17)})`);
    expect(subjectOf('c'.repeat(17))).toHaveLength(99);
    expect(subjectOf('c'.repeat(18))).toBe(`Restore Failed: ${target} (${'c'.repeat(15)}...`);
    expect(subjectOf('c'.repeat(18))).toHaveLength(99);
  });

  it('has a subject that SNS takes, whatever the event says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...EVENT_TYPES),
        fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/),
        fc.constantFrom(...TIERS, null),
        fc.string({ unit: 'binary', maxLength: 120 }),
        (type, target, tier, code) => {
          const failure = { code, message: '', hint: null, retryable: false };
          const { subject } = toMessage(exampleEvent(type, { target, tier, failure }), KNOWN);
          expect(subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/);
          expect(subject.startsWith(`${type}: ${target}`)).toBe(true);
        },
      ),
    );
  });
});
