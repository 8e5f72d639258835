import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { findManifestOrTombstone } from '../../core/catalog/catalog.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { SCHEDULED_TIERS, TIERS, type Tier } from '../../core/model/tiers.ts';
import { type BackupResult, backup } from '../backup.ts';
import { proveBackup } from '../prove.ts';
import { tellOfDamage, verifyOne } from '../verify.ts';
import type { Cli } from './cli.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { type Answer, addCommonOptions, inSession, type Session } from './session.ts';
import { describeVerification } from './verification-text.ts';

interface BackupFlags {
  tier: Tier;
  scheduledFor?: string;
  verify?: boolean;
}

export function backupCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Make a backup now')
      .addOption(new Option('--tier <tier>', 'the tier it belongs to').choices(TIERS).default('manual'))
      .option(
        '--scheduled-for <time>',
        'the time it was due, ISO 8601: a retry makes the same backup, and waits for another run that is at work',
      )
      .option('--run-id <id>', 'the id to record the run under')
      .option('--verify', 'load the backup into a throw-away FalkorDB when it is complete, as "verify --load" does'),
    'database',
    'scratch',
    'events',
    'metrics',
  )
    .addHelpText(
      'after',
      `
Examples:
  $ falkordb-backup backup --store file:///var/backups/falkordb
  $ falkordb-backup backup --tier weekly --verify
  $ falkordb-backup backup --tier daily --url redis://db.internal:6379 --json
  $ falkordb-backup backup --tier daily --scheduled-for 2026-11-22T02:30:00Z`,
    )
    .action((flags: BackupFlags) =>
      inSession(cli, command, async (session) => {
        const { runId } = session;
        const scheduledFor =
          flags.scheduledFor === undefined ? await freeTime(flags.tier, session) : parseTime(flags.scheduledFor);
        const isScheduled = flags.scheduledFor !== undefined && SCHEDULED_TIERS.some((tier) => tier === flags.tier);
        const result = await backup({ tier: flags.tier, scheduledFor, runId, isScheduled }, session);
        if (result.status === 'skipped' || !flags.verify) return backupAnswer(result);
        return withVerification(madeAnswer(result), result.manifest, session);
      }),
    );
}

/** Now, or in the next second where there is a backup of this one: it would be taken for the one that is asked for. */
async function freeTime(tier: Tier, { config, store, now, signal }: Session): Promise<Date> {
  for (;;) {
    const scheduledFor = now();
    const parts = { target: config.target, tier, scheduledFor };
    // A store that does not answer fails the run itself, which is told of.
    const taken = await findManifestOrTombstone(store, parts).catch(() => undefined);
    if (!taken) return scheduledFor;
    await setTimeout(1000 - (scheduledFor.getTime() % 1000), undefined, { signal });
  }
}

/** The backup is there, whatever becomes of its proof. */
async function withVerification(made: MadeAnswer, manifest: Manifest, session: Session): Promise<Answer> {
  try {
    const verified = await verifyOne(
      { ...session, load: (...backup) => proveBackup(...backup, session) },
      manifest.target,
      manifest.backupId,
    );
    await tellOfDamage([verified], session);
    const { loaded, failure } = verified;
    const found = loaded ? [`  ${describeVerification(manifest, loaded.verification)}`] : [];
    const json = { ...made.json, verification: loaded?.verification ?? null };
    if (!failure) return { json, text: [made.text, ...found].join('\n') };
    return {
      json: { ...json, verificationError: toJson(failure) },
      text: [made.text, ...found, `  DAMAGED: ${failure.message}`, `  ${failure.hint ?? ''}`].join('\n'),
      exitCode: failure.exitCode,
    };
  } catch (error) {
    const failure = toBackupError(error);
    return {
      json: { ...made.json, verification: null, verificationError: toJson(failure) },
      text: [made.text, `  It could not be loaded here: ${failure.message}`, `  ${failure.hint ?? ''}`].join('\n'),
      exitCode: failure.exitCode,
    };
  }
}

function toJson({ code, message, hint, retryable }: BackupError): unknown {
  return { code, message, hint: hint ?? null, retryable };
}

interface MadeAnswer extends Answer {
  json: Record<string, unknown>;
}

export function backupAnswer(result: BackupResult): Answer {
  if (result.status === 'completed') return madeAnswer(result);
  return { json: result, text: `Skipped ${result.backupId}: ${result.reason} (see ${result.by}).` };
}

function madeAnswer(result: BackupResult & { status: 'completed' }): MadeAnswer {
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
