import { type Command, Option } from 'commander';
import { BackupError, EXIT_CODES } from '../../core/model/errors.ts';
import { newRunId } from '../../core/model/run-id.ts';
import type { Tier } from '../../core/model/tiers.ts';
import { parseZonedTime } from '../import/zoned-time.ts';
import { IMPORT_TIERS, type ImportResult, importDump } from '../import.ts';
import { boundLog } from '../logging/bound-log.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatTime } from './format.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';

interface ImportFlags {
  tier: Tier;
  takenAt?: string;
  dryRun?: boolean;
}

export function importCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Make backups of dumps that something else has taken: proved, then stored')
      .argument('<file...>', 'RDB files, plain or compressed by gzip; they stay as they are')
      .addOption(new Option('--tier <tier>', 'the tier they belong to').choices(IMPORT_TIERS).makeOptionMandatory())
      .option(
        '--taken-at <time>',
        'when it was taken, ISO 8601 with its zone; by default its .meta says so, or the dump',
      )
      .option('--dry-run', 'check the files, say what would be done, and load and store nothing'),
    'scratch',
    'metrics',
  )
    .addHelpText(
      'after',
      `
Each file is read to its end, compared with the size and the checksum in the .meta beside it, and loaded into a throw-away
FalkorDB; only what loads, and holds graphs, becomes a backup. One that was imported before is left alone.
Exits with the highest code of all files.

Examples:
  $ falkordb-backup import /backups/daily/*.rdb --tier daily --dry-run
  $ falkordb-backup import /backups/daily/*.rdb --tier daily
  $ falkordb-backup import old.rdb.gz --tier manual --taken-at 2026-01-01T02:30:00+01:00 --json`,
    )
    .action((files: string[], flags: ImportFlags) =>
      inSession(cli, command, async (session) => {
        const takenAt = flags.takenAt === undefined ? undefined : parseTakenAt(flags.takenAt, files);
        const { tier, dryRun: isDryRun = false } = flags;
        const results: ImportResult[] = [];
        for (const file of files) {
          const isOnly = files.length === 1;
          const runId = isOnly ? session.runId : newRunId(session.now());
          // Each is a run of its own, and `runId` in the log is that of the command.
          const log = isOnly ? session.log : boundLog(session.log, { importRunId: runId });
          results.push(await importDump({ file, tier, takenAt, runId, isDryRun }, { ...session, log }));
        }
        return answer(results, session.now());
      }),
    );
}

/** @throws invalid-argument */
function parseTakenAt(text: string, files: string[]): Date {
  if (files.length > 1) {
    throw new BackupError('invalid-argument', '--taken-at is of one file, and here are several.', {
      hint: 'Import them one by one, or leave it out where the dumps, or the .meta beside them, say when they were taken.',
    });
  }
  const time = parseZonedTime(text);
  if (time) return time;
  throw new BackupError('invalid-argument', `--taken-at "${text}" is no time.`, {
    hint: 'Write it in ISO 8601 with its zone: 2026-11-22T02:30:00Z, 2026-11-22T02:30:00+01:00.',
  });
}

function answer(results: ImportResult[], now: Date): Answer {
  return {
    json: { imported: results.map(toJson) },
    text: [...results.map((result) => toText(result, now)), summary(results)].join('\n'),
    exitCode: Math.max(EXIT_CODES.success, ...results.map(({ error }) => error?.exitCode ?? 0)),
  };
}

function toJson({ takenAt, error, ...result }: ImportResult): unknown {
  const { file, backupId, bytes, graphs, nodes, status, warnings } = result;
  const { code, message, hint = null, retryable } = error ?? {};
  return {
    ...{ file, backupId, takenAt: takenAt?.toISOString() ?? null, bytes, graphs, nodes, status },
    error: error && { code, message, hint, retryable },
    warnings,
  };
}

const WORDS: Record<ImportResult['status'], string> = {
  imported: 'imported',
  exists: 'existed already',
  planned: 'to be imported',
  failed: 'failed',
};

function toText(
  { file, backupId, takenAt, bytes, graphs, nodes, status, error, warnings }: ImportResult,
  now: Date,
): string {
  const size = bytes === null ? [] : [`dump ${formatBytes(bytes)}`];
  const contents = graphs === null ? [] : [`${graphs} graphs, ${nodes} nodes`];
  const taken = takenAt ? [`taken ${formatTime(takenAt, now)}`] : [];
  const lines = error
    ? [`${file}: FAILED`, error.message, ...(error.hint ? [error.hint] : [])]
    : [`${file}: ${WORDS[status]}`, `${backupId}: ${[...taken, ...size, ...contents].join(', ')}`];
  return [...lines, ...warnings.map((warning) => `warning: ${warning}`)].join('\n  ');
}

function summary(results: ImportResult[]): string {
  const statuses = (['planned', 'imported', 'exists', 'failed'] as const).filter(
    (each) => each === 'failed' || results.some(({ status }) => status === each),
  );
  const counts = statuses.map((each) => `${results.filter(({ status }) => status === each).length} ${WORDS[each]}`);
  return `${counts.join(', ')}.`;
}
