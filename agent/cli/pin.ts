import type { Command } from 'commander';
import { resolveBackup } from '../../core/catalog/catalog.ts';
import { addMark } from '../../core/catalog/marks.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import type { MarkKind } from '../../core/model/mark.ts';
import type { Cli } from './cli.ts';
import { operator } from './operator.ts';
import { addCommonOptions, inSession } from './session.ts';

interface PinFlags {
  note?: string;
  by?: string;
}

export function pinCommand(command: Command, cli: Cli): void {
  define(command, cli, {
    mark: 'pinned',
    description: 'Keep a backup whatever the retention rules say',
    done: (backupId) => `${backupId} is pinned: no prune removes it.`,
    examples: ['pin latest --note "before the migration"', 'pin 20261122T023000Z-falkordb-daily --by alice'],
  });
}

export function unpinCommand(command: Command, cli: Cli): void {
  define(command, cli, {
    mark: 'unpinned',
    description: 'Let the retention rules decide about a backup again',
    done: (backupId) => `${backupId} is no longer pinned.`,
    examples: ['unpin 20261122T023000Z-falkordb-daily --note "the migration is done"'],
  });
}

interface Verb {
  mark: MarkKind;
  description: string;
  done: (backupId: string) => string;
  examples: string[];
}

function define(command: Command, cli: Cli, { mark, description, done, examples }: Verb): void {
  addCommonOptions(
    command
      .description(description)
      .argument('<backup>', 'a backup id, "latest", or "latest:<tier>"')
      .option('--note <text>', 'why, for whoever asks later')
      .option('--by <name>', 'who says so; by default the user of this process'),
  )
    .addHelpText('after', `\nExamples:${examples.map((example) => `\n  $ falkordb-backup ${example}`).join('')}`)
    .action((reference: string, { note, by }: PinFlags) =>
      inSession(cli, command, async ({ config, store, now }) => {
        const { backupId } = await resolveBackup(store, config.target, reference);
        const parts = parseBackupId(backupId);
        if (!parts) throw new Error(`${backupId} is no backup id.`);
        const record = await addMark(store, parts, { mark, by: by ?? operator(), note: note ?? null, now: now() });
        return { json: record, text: done(backupId) };
      }),
    );
}
