import { type Command, Option } from 'commander';
import { BackupError } from '../../core/model/errors.ts';
import { newRunId } from '../../core/model/run-id.ts';
import { TIERS, type Tier } from '../../core/model/tiers.ts';
import { type BackupResult, backup } from '../backup.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { type Answer, addCommonOptions, inSession, parseRunId } from './session.ts';

interface BackupFlags {
  tier: Tier;
  scheduledFor?: string;
  runId?: string;
}

export function backupCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Make a backup now')
      .addOption(new Option('--tier <tier>', 'the tier it belongs to').choices(TIERS).default('manual'))
      .option(
        '--scheduled-for <time>',
        'the time it was due, ISO 8601; a retry with the same time makes the same backup',
      )
      .option('--run-id <id>', 'the id to record the run under'),
    'database',
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup backup --store file:///var/backups/falkordb
  $ falkordb-backup backup --tier daily --url redis://db.internal:6379 --json
  $ falkordb-backup backup --tier daily --scheduled-for 2026-11-22T02:30:00Z`,
    )
    .action((flags: BackupFlags) =>
      inSession(cli, command, async (session) => {
        const now = session.now();
        const scheduledFor = flags.scheduledFor === undefined ? now : parseTime(flags.scheduledFor);
        const runId = flags.runId === undefined ? newRunId(now) : parseRunId(flags.runId);
        return answer(await backup({ tier: flags.tier, scheduledFor, runId }, session));
      }),
    );
}

function answer(result: BackupResult): Answer {
  if (result.status === 'skipped') {
    return { json: result, text: `Skipped ${result.backupId}: ${result.reason}.` };
  }
  const { manifest, runId } = result;
  const nodes = manifest.graphs.reduce((sum, graph) => sum + graph.nodes, 0);
  return {
    json: { status: result.status, ...manifest, runId },
    text: [
      `Backup ${manifest.backupId} is complete.`,
      `  ${manifest.graphs.length} graphs, ${nodes} nodes, by ${manifest.source}, in ${formatSeconds(manifest.timings.totalSeconds)}`,
      `  dump ${formatBytes(manifest.rdb.bytes)}, stored ${formatBytes(manifest.stored.bytes)} as ${manifest.stored.key}`,
    ].join('\n'),
  };
}

function parseTime(text: string): Date {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new BackupError('invalid-argument', `--scheduled-for "${text}" is no time.`, {
    hint: 'Write it in ISO 8601 with its zone: 2026-11-22T02:30:00Z.',
  });
}
