import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type EventDetail, type EventType } from '../../../../core/model/events.ts';
import { restoreInputSchema, startBackupInputSchema } from '../../../../core/model/function-inputs.ts';
import { type Command, commandsFor } from '../../../../lambdas/notify/commands.ts';
import { exampleEvent } from '../../../support/webhook-events.ts';

const FUNCTIONS = { region: 'eu-central-1', startBackupFunction: 'the-start', restoreFunction: 'the-restore' };
const NOW = new Date('2026-11-22T08:00:00.123Z');
const RUN_ID = '20261122T023000Z-a';

const commandsOf = (type: EventType, known: Partial<EventDetail> = {}) =>
  commandsFor(exampleEvent(type, known), FUNCTIONS, NOW);

/** As a shell takes it apart. */
function typed({ line }: Command): { words: string[]; name: string; input: unknown } {
  const { stdout } = spawnSync('sh', ['-c', `aws() { printf '%s\\0' "$@"; }\n${line}`], { encoding: 'utf8' });
  const words = stdout.split('\0').slice(0, -1);
  const after = (word: string) => words[words.indexOf(word) + 1] ?? '';
  return { words, name: after('--function-name'), input: JSON.parse(after('--payload')) };
}

describe('commandsFor', () => {
  it('shows a failed backup, and makes another one of its tier', () => {
    const [status, again, list] = commandsOf('Backup Failed').map(typed);
    expect(status?.words.slice(0, 6)).toEqual([
      'lambda',
      'invoke',
      '--region',
      'eu-central-1',
      '--function-name',
      'the-restore',
    ]);
    expect(status?.words.at(-1)).toBe('/dev/stdout');
    expect(status?.input).toEqual({ action: 'status', target: 'prod', runId: RUN_ID });
    expect(again).toMatchObject({
      name: 'the-start',
      input: { tier: 'daily', scheduledTime: '2026-11-22T08:00:00Z', targets: ['prod'] },
    });
    expect(list?.input).toEqual({ action: 'list', target: 'prod', limit: 10 });
  });

  it('leads out of a restore that failed', () => {
    expect(commandsOf('Restore Failed').map((command) => typed(command).input)).toContainEqual({
      action: 'recover',
      target: 'prod',
    });
  });

  it('has no status of what was no run, and no region where none is known', () => {
    const commands = commandsFor(
      exampleEvent('Backup Overdue', { runId: null }),
      { ...FUNCTIONS, region: undefined },
      NOW,
    );
    expect(commands.map((command) => typed(command).name)).toEqual(['the-start', 'the-restore']);
    expect(commands.map(({ line }) => line).join()).not.toContain('--region');
  });

  it.each(EVENT_TYPES)('has inputs that the functions understand: %s', (type) => {
    for (const tier of ['daily', 'manual', 'pre-restore', null] as const) {
      for (const command of commandsOf(type, { tier })) {
        const { name, input } = typed(command);
        const schema = name === 'the-start' ? startBackupInputSchema : restoreInputSchema;
        expect(schema.safeParse(input).error).toBeUndefined();
      }
    }
  });
});
