import type { Command } from 'commander';
import { BackupError } from '../../core/model/errors.ts';
import { targetSchema } from '../../core/model/target.ts';
import { assertOneTarget, assertPossible } from '../restore/guards.ts';
import { planRestore, type RestorePlan, type RestoreRequest } from '../restore/plan.ts';
import { planJson } from '../restore/plan-json.ts';
import { type RecoverResult, recoverTarget } from '../restore/recover-target.ts';
import { type RestoreResult, restore } from '../restore/restore.ts';
import type { Cli } from './cli.ts';
import { confirm } from './confirm.ts';
import { formatSeconds } from './format.ts';
import { describePlan } from './restore-plan.ts';
import { type Answer, addCommonOptions, inSession, type Session } from './session.ts';

interface RestoreFlags {
  dryRun?: boolean;
  confirm?: string;
  force?: boolean;
  fromTarget?: string;
  unproven?: boolean;
  safetyBackup: boolean;
  allowNewerEngine?: boolean;
  recover?: boolean;
}

export function restoreCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Replace all that a running FalkorDB holds by a backup')
      .argument('[backup]', 'a backup id, "latest", "latest:<tier>", or the path of a plain .rdb file')
      .option('--dry-run', 'show the plan and change nothing')
      .option('--confirm <target>', 'the name of the target that is overwritten, instead of typing it')
      .option('--force', 'do not ask (for scripts)')
      .option('--from-target <name>', 'whose backups "latest" means, where it is not the target itself')
      .option('--unproven', 'without loading the backup into a throw-away FalkorDB first')
      .option('--no-safety-backup', 'without backing up what is there now: there is no way back then')
      .option('--allow-newer-engine', 'although a newer FalkorDB wrote the backup')
      .option('--recover', 'set FalkorDB free after a restore that was killed')
      .option('--run-id <id>', 'the id to record the run under'),
    'database',
    'scratch',
    'restore',
    'events',
    'metrics',
  )
    .addHelpText(
      'after',
      `
FalkorDB keeps serving its old data until the backup was proved and sent; it refuses writes meanwhile. What it held before
is in the safety backup that the result names.

Examples:
  $ falkordb-backup restore latest --dry-run
  $ falkordb-backup restore latest:daily --confirm falkordb
  $ falkordb-backup restore 20261122T023000Z-falkordb-daily --json --force
  $ falkordb-backup restore latest --from-target graphiti-prod --target graphiti-staging
  $ falkordb-backup restore ./dump.rdb
  $ falkordb-backup restore --recover`,
    )
    .action((reference: string | undefined, flags: RestoreFlags) =>
      inSession(cli, command, async (session) => {
        if (flags.recover && reference !== undefined) throw contradiction(reference);
        if (flags.recover) return recoverAnswer(await recoverTarget(session, { force: flags.force ?? false }));
        const plan = await planRestore(requestOf(reference, flags, session), session);
        if (flags.dryRun) return planAnswer(plan, session);
        assertPossible(plan);
        await confirm(cli, flags, plan.target, `${describePlan(plan, session.now())}\n`);
        return restoreAnswer(await restore(plan, session), cli.program);
      }),
    );
}

function requestOf(reference: string | undefined, flags: RestoreFlags, { runId }: Session): RestoreRequest {
  if (reference === undefined) {
    throw new BackupError('invalid-argument', 'Say what to restore.', {
      hint: 'Give a backup id (see "list"), "latest", "latest:<tier>", or a plain .rdb file.',
    });
  }
  if (flags.fromTarget !== undefined && !targetSchema.safeParse(flags.fromTarget).success) {
    throw new BackupError('invalid-argument', `--from-target "${flags.fromTarget}" is no name of a target.`, {
      hint: '"falkordb-backup list --all-targets" shows those of the store.',
    });
  }
  assertOneTarget({ reference, fromTarget: flags.fromTarget });
  return {
    reference,
    runId,
    fromTarget: flags.fromTarget,
    unproven: flags.unproven ?? false,
    withSafetyBackup: flags.safetyBackup,
    allowNewerEngine: flags.allowNewerEngine ?? false,
  };
}

function contradiction(reference: string): BackupError {
  return new BackupError('invalid-argument', `--recover and "${reference}" contradict each other.`, {
    hint: 'Give one of the two.',
  });
}

export function planAnswer(plan: RestorePlan, { now }: Pick<Session, 'now'>): Answer {
  const [refusal] = plan.refusals;
  return {
    json: planJson(plan, now()),
    text: describePlan(plan, now()),
    ...(refusal ? { exitCode: refusal.exitCode } : {}),
  };
}

export function restoreAnswer(result: RestoreResult, program: string): Answer {
  const { safetyBackupId, graphs, pendingIndexes, steps, notes } = result;
  const nodes = graphs.reduce((sum, graph) => sum + graph.nodes, 0);
  const lines = [
    `${result.target} holds ${result.restored}: ${graphs.length} graphs, ${nodes} nodes.`,
    ...steps.map(({ name, seconds }) => `  ${name.padEnd(24)} ${formatSeconds(seconds)}`),
    safetyBackupId
      ? `What it held before is in ${safetyBackupId}; to go back: ${program} restore ${safetyBackupId}`
      : 'What it held before was not backed up.',
    ...(pendingIndexes.length > 0 ? [`FalkorDB is still building indexes: ${pendingIndexes.join(', ')}.`] : []),
    ...notes,
  ];
  return { json: result, text: lines.join('\n') };
}

export function recoverAnswer(result: RecoverResult): Answer {
  return { json: result, text: result.message, exitCode: result.exitCode };
}
