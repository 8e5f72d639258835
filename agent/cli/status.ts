import type { Command } from 'commander';
import { readStatus, type Status } from '../status.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatTable, formatTime, formatVerified } from './format.ts';
import { addCommonOptions, inSession } from './session.ts';

export function statusCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command.description('Show the newest good backup of each tier, what is due, and the last failure'),
    'metrics',
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup status
  $ falkordb-backup status --target graphiti-prod --json`,
    )
    .action(() =>
      inSession(cli, command, async ({ config, store, now }) => {
        const status = await readStatus(store, config.target, now(), config.service);
        return { json: toJson(status, now()), text: toText(status, now()) };
      }),
    );
}

function toJson({ tiers, ...status }: Status, now: Date): unknown {
  return {
    ...status,
    tiers: tiers.map(({ tier, newest, nextDue }) => ({
      tier,
      newest: newest && {
        backupId: newest.manifest.backupId,
        createdAt: newest.manifest.rdb.createdAt,
        ageSeconds: Math.round((now.getTime() - Date.parse(newest.manifest.rdb.createdAt)) / 1000),
        rdbBytes: newest.manifest.rdb.bytes,
        storedBytes: newest.manifest.stored.bytes,
        verified: newest.verified,
      },
      nextDue: nextDue?.toISOString() ?? null,
    })),
  };
}

function toText({ target, store, tiers, lastFailure, running, size }: Status, now: Date): string {
  const rows = tiers.map(({ tier, newest, nextDue }) => [
    tier,
    newest ? formatTime(new Date(newest.manifest.rdb.createdAt), now) : 'none',
    newest ? formatVerified(newest.verified, now) : '',
    newest ? formatBytes(newest.manifest.stored.bytes) : '',
    nextDue ? formatTime(nextDue, now) : '',
  ]);
  const failure = lastFailure
    ? `${formatTime(new Date(lastFailure.verdict.endedAt), now)}: ${lastFailure.verdict.failure?.message ?? ''} (run ${lastFailure.runId})`
    : 'none in the last 31 days';
  return [
    `Target ${target} in ${store}`,
    '',
    formatTable(['TIER', 'NEWEST GOOD BACKUP', 'VERIFIED', 'STORED', 'NEXT DUE'], rows),
    '',
    `Last failure: ${failure}`,
    ...(running.length > 0 ? [`Without a verdict: ${running.join(', ')}`] : []),
    `${size.scope === 'store' ? 'Store' : 'This target'}: ${formatBytes(size.storedBytes)} in ${size.objects} objects`,
  ].join('\n');
}
