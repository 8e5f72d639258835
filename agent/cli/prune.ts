import type { Command } from 'commander';
import { addMark } from '../../core/catalog/marks.ts';
import type { TargetPrune, TargetsPrune } from '../../core/catalog/prune-targets.ts';
import { listTargets } from '../../core/catalog/restores.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError, EXIT_CODES } from '../../core/model/errors.ts';
import type { Mark } from '../../core/model/mark.ts';
import { pruneTargets } from '../prune.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatTable, formatTime } from './format.ts';
import { operator } from './operator.ts';
import { type Answer, addCommonOptions, inSession, type Session } from './session.ts';

interface PruneFlags {
  apply?: boolean;
  allTargets?: boolean;
  acceptCollapse?: string;
  timeBudget?: string;
}

export function pruneCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Show which backups are no longer kept, and with --apply remove them')
      .option('--apply', 'remove them; without it nothing is changed')
      .option('--all-targets', 'the backups of every target in the store')
      .option('--accept-collapse <backup>', 'this backup rightly holds less than older ones: let those go')
      .option('--time-budget <seconds>', 'begin nothing new after so long; the next prune goes on'),
    'events',
    'metrics',
  )
    .addHelpText(
      'after',
      `
The rules are settings, BACKUP_RETENTION_...; docs/retention.md explains them. Whatever they say, the newest good backups
of a target stay, and those that are pinned or being restored.

Examples:
  $ falkordb-backup prune
  $ falkordb-backup prune --apply --all-targets --time-budget 600
  $ falkordb-backup prune --accept-collapse 20261122T023000Z-falkordb-daily
  $ BACKUP_RETENTION_DAYS=14 falkordb-backup prune --json`,
    )
    .action((flags: PruneFlags) =>
      inSession(cli, command, async (session) => {
        const { config, store, now } = session;
        const timeBudget = parseBudget(flags.timeBudget);
        const accepted =
          flags.acceptCollapse === undefined ? null : await acceptCollapse(flags.acceptCollapse, session);
        const targets = flags.allTargets ? await listTargets(store) : [config.target];
        const deps = { ...session, ...(timeBudget ? { timeBudget } : {}) };
        return answer(await pruneTargets(targets, { apply: flags.apply ?? false }, deps), accepted, now());
      }),
    );
}

async function acceptCollapse(backupId: string, { config, store, now }: Session): Promise<Mark> {
  const parts = parseBackupId(backupId);
  if (!parts) {
    throw new BackupError('invalid-argument', `--accept-collapse "${backupId}" is no backup id.`, {
      hint: 'Give the id of the backup that rightly holds less, as the plan shows it.',
    });
  }
  if (parts.target !== config.target) {
    throw new BackupError(
      'invalid-argument',
      `--accept-collapse ${backupId} is a backup of target ${parts.target}, and this is ${config.target}.`,
      { hint: `Add --target ${parts.target} if you mean that one.` },
    );
  }
  return addMark(store, parts, { mark: 'collapse-accepted', by: operator(), note: null, now: now() });
}

function parseBudget(seconds: string | undefined): AbortSignal | undefined {
  if (seconds === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(seconds)) return AbortSignal.timeout(Number(seconds) * 1000);
  throw new BackupError('invalid-argument', `--time-budget "${seconds}" is no number of seconds.`, {
    hint: 'Give a whole number, such as 600.',
  });
}

function answer({ pruned, failed, postponed }: TargetsPrune, accepted: Mark | null, now: Date): Answer {
  const isRefused = pruned.some(({ result }) => result !== null && result.refused.length > 0);
  const failures = failed.map(({ target, error: { code, message, hint = null } }) => ({
    target,
    error: { code, message, hint },
  }));
  return {
    json: {
      status: pruned.some(({ result }) => result) ? 'completed' : 'planned',
      targets: pruned.map(toJson),
      failed: failures,
      postponed,
      accepted,
    },
    text: [
      ...(accepted ? [`Noted beside ${accepted.backupId}: it rightly holds less than older ones.`] : []),
      ...pruned.map((each) => toText(each, now)),
      ...failures.map(({ target, error }) => `Target ${target}\n\nFAILED: ${error.message}\n  hint: ${error.hint}`),
      ...postponed.map((target) => `Target ${target}\n\nLeft for the next time: the time was up.`),
    ].join('\n\n'),
    exitCode: failed[0]?.error.exitCode ?? (isRefused ? EXIT_CODES.store : EXIT_CODES.success),
  };
}

function toJson({ plan, result }: TargetPrune) {
  const decisions = plan.decisions.map(({ backup, keep, reason }) => ({ backupId: backup.backupId, keep, reason }));
  const { objects, uploads } = plan.orphans;
  return {
    target: plan.request.target,
    decisions,
    orphans: { objects: objects.length, uploads: uploads.length },
    runRecords: plan.runRecords.length,
    result: result && {
      ...result,
      refused: result.refused.map(({ backupId, error: { code, message } }) => ({ backupId, error: { code, message } })),
    },
  };
}

function toText({ plan, result }: TargetPrune, now: Date): string {
  const { decisions, orphans, runRecords, request } = plan;
  const rows = decisions.map(({ backup, keep, reason }) => [
    keep ? 'keep' : 'REMOVE',
    backup.backupId,
    formatTime(backup.takenAt, now),
    backup.storedBytes === null ? '?' : formatBytes(backup.storedBytes),
    reason,
  ]);
  const gone = decisions.filter(({ keep }) => !keep).map(({ backup }) => backup);
  const bytes = gone.reduce((sum, { storedBytes }) => sum + (storedBytes ?? 0), 0);
  const debris = orphans.objects.length + orphans.uploads.length;
  const summary = result
    ? [
        `Removed ${result.removed.length} backups, ${result.orphans.objects} orphans and ${result.runRecords} run records.`,
        ...result.refused.map(({ backupId, error }) => `REFUSED ${backupId}: ${error.message}`),
        ...result.spared.map((id) => `Spared ${id}: it was pinned or taken up by a restore meanwhile.`),
        ...[...result.left, ...result.orphans.left].map(({ key, why }) => `Left ${key}: ${why}`),
        ...(result.postponed.length > 0 ? [`${result.postponed.length} are left for the next time.`] : []),
      ]
    : [
        `${gone.length} of ${decisions.length} backups would be removed (${formatBytes(bytes)}), ${debris} orphans, ${runRecords.length} run records. Nothing was changed: --apply does it.`,
      ];
  const table = rows.length > 0 ? [formatTable(['', 'BACKUP', 'TAKEN', 'STORED', 'WHY'], rows), ''] : [];
  return [`Target ${request.target}`, '', ...table, ...summary].join('\n');
}
