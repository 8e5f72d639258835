import type { Command } from 'commander';
import { addMark } from '../../core/catalog/marks.ts';
import { listTargets } from '../../core/catalog/restores.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { BackupError, EXIT_CODES, toBackupError } from '../../core/model/errors.ts';
import { pruneTarget, type TargetPrune } from '../prune.ts';
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
        const signal = withBudget(session.signal, flags.timeBudget);
        if (flags.acceptCollapse !== undefined) await acceptCollapse(flags.acceptCollapse, session);
        const targets = flags.allTargets ? await listTargets(store) : [config.target];
        const pruned: TargetPrune[] = [];
        const failed: FailedTarget[] = [];
        for (const target of targets) {
          try {
            pruned.push(await pruneTarget(target, { apply: flags.apply ?? false }, { ...session, signal }));
          } catch (error) {
            // What is wrong with one target must not let the others grow.
            if (targets.length === 1) throw error;
            failed.push({ target, error: toBackupError(error) });
          }
        }
        session.signal.throwIfAborted();
        return answer(pruned, failed, now());
      }),
    );
}

async function acceptCollapse(backupId: string, { store, now }: Session): Promise<void> {
  const parts = parseBackupId(backupId);
  if (!parts) {
    throw new BackupError('invalid-argument', `--accept-collapse "${backupId}" is no backup id.`, {
      hint: 'Give the id of the backup that rightly holds less, as the plan shows it.',
    });
  }
  await addMark(store, parts, { mark: 'collapse-accepted', by: operator(), note: null, now: now() });
}

function withBudget(signal: AbortSignal, seconds: string | undefined): AbortSignal {
  if (seconds === undefined) return signal;
  if (/^[1-9]\d{0,5}$/.test(seconds)) return AbortSignal.any([signal, AbortSignal.timeout(Number(seconds) * 1000)]);
  throw new BackupError('invalid-argument', `--time-budget "${seconds}" is no number of seconds.`, {
    hint: 'Give a whole number, such as 600.',
  });
}

interface FailedTarget {
  target: string;
  error: BackupError;
}

function answer(pruned: TargetPrune[], failed: FailedTarget[], now: Date): Answer {
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
    },
    text: [
      ...pruned.map((each) => toText(each, now)),
      ...failures.map(({ target, error }) => `Target ${target}\n\nFAILED: ${error.message}\n  hint: ${error.hint}`),
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
        ...result.orphans.left.map(({ key, why }) => `Left ${key}: ${why}`),
        ...(result.postponed.length > 0 ? [`${result.postponed.length} are left for the next time.`] : []),
      ]
    : [
        `${gone.length} of ${decisions.length} backups would be removed (${formatBytes(bytes)}), ${debris} orphans, ${runRecords.length} run records. Nothing was changed: --apply does it.`,
      ];
  const table = rows.length > 0 ? [formatTable(['', 'BACKUP', 'TAKEN', 'STORED', 'WHY'], rows), ''] : [];
  return [`Target ${request.target}`, '', ...table, ...summary].join('\n');
}
