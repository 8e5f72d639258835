import type { Command } from 'commander';
import { runIdSchema } from '../../core/model/run-id.ts';
import { type Executed, execute } from '../execute.ts';
import { backupAnswer } from './backup.ts';
import type { Cli } from './cli.ts';
import { doctorAnswer } from './doctor.ts';
import { planAnswer, recoverAnswer, restoreAnswer } from './restore.ts';
import { type Answer, addCommonOptions, inSession, type Session } from './session.ts';

export function executeCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Do what a request of the functions on AWS asks for; the SSM document runs this')
      .argument('<words...>', 'the request, as name=value'),
    'database',
    'scratch',
    'restore',
    'events',
    'metrics',
  )
    .addHelpText(
      'after',
      `
This is what the SSM document runs on the host, with the words of its parameters. The actions are backup, restore, plan
(as "restore --dry-run"; the plan is kept in the store), recover (as "restore --recover") and doctor. Nobody is asked: the
functions have had a restore confirmed. A request that is delivered twice is done once.

Examples:
  $ falkordb-backup execute version=1 action=doctor target=shop
  $ falkordb-backup execute version=1 action=backup target=shop run-id=20261122T023000Z-daily tier=daily \\
      scheduled-for=2026-11-22T02:30:00Z --timeout 3000 --json
  $ falkordb-backup execute version=1 action=plan target=shop run-id=20261122T101500Z-plan backup=latest:daily
  $ falkordb-backup execute version=1 action=restore target=shop run-id=20261122T102000Z-restore \\
      backup=20261122T023000Z-shop-daily options=unproven,no-safety-backup`,
    )
    .action((words: string[]) =>
      inSession(cli, command, async (session) => answer(await execute(words, session), session, cli), runIdOf(words)),
    );
}

/** Whether it is one at all is for `execute` to say. */
function runIdOf(words: string[]): string | undefined {
  const [id] = words.flatMap((word) => (word.startsWith('run-id=') ? [word.slice('run-id='.length)] : []));
  return runIdSchema.safeParse(id).data;
}

function answer(executed: Executed, session: Session, { program }: Cli): Answer {
  switch (executed.action) {
    case 'backup':
      return backupAnswer(executed.result);
    case 'restore':
      return restoreAnswer(executed.result, program);
    case 'plan':
      return planAnswer(executed.plan, session);
    case 'recover':
      return recoverAnswer(executed.result);
    case 'doctor':
      return doctorAnswer(executed.findings);
    case 'duplicate':
      return {
        json: { status: 'duplicate', runId: executed.runId },
        text: `Run ${executed.runId} was delivered before: it is at work, or has ended. Nothing was done.`,
      };
  }
}
