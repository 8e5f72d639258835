import { Command, CommanderError } from 'commander';
import { EXIT_CODES, toBackupError } from '../../core/model/errors.ts';
import { TOOL } from '../tool.ts';
import { backupCommand } from './backup.ts';
import type { Cli } from './cli.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { executeCommand } from './execute.ts';
import { fetchCommand } from './fetch.ts';
import { importCommand } from './import.ts';
import { listCommand } from './list.ts';
import { notifyCommand } from './notify.ts';
import { pinCommand, unpinCommand } from './pin.ts';
import { pruneCommand } from './prune.ts';
import { restoreCommand } from './restore.ts';
import { runCommand } from './run.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';
import { verifyCommand } from './verify.ts';

const VERBS: Record<string, (command: Command, cli: Cli) => void> = {
  run: runCommand,
  backup: backupCommand,
  list: listCommand,
  show: showCommand,
  verify: verifyCommand,
  fetch: fetchCommand,
  import: importCommand,
  restore: restoreCommand,
  pin: pinCommand,
  unpin: unpinCommand,
  prune: pruneCommand,
  status: statusCommand,
  doctor: doctorCommand,
  notify: notifyCommand,
  execute: executeCommand,
  demo: (command, cli) => demoCommand(command, cli, runCommandLine),
};

/** Runs one command line to its end; its exit code is in `cli.exitCode`. Never throws. */
export async function runCommandLine(args: string[], cli: Cli): Promise<void> {
  const program = createProgram(cli);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) cli.exitCode = error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
    else reportFailure(error, args.includes('--json'), cli);
  }
}

function createProgram(cli: Cli): Command {
  const program = new Command('falkordb-backup')
    .description('Backup, verification and restore for FalkorDB.')
    .version(TOOL.version)
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
    });
  for (const [name, define] of Object.entries(VERBS)) {
    define(program.command(name).copyInheritedSettings(program), cli);
  }
  return program.addHelpText(
    'after',
    '\nExit codes and the shapes of --json are in docs/cli.md, settings in docs/configuration.md.',
  );
}

function reportFailure(error: unknown, asJson: boolean, cli: Cli): void {
  const failure = toBackupError(error);
  const { code, message, hint = null, retryable } = failure;
  cli.exitCode = failure.exitCode;
  if (asJson)
    cli.stdout.write(`${JSON.stringify({ status: 'failed', error: { code, message, hint, retryable } }, null, 2)}\n`);
  cli.stderr.write(`error: ${message}\n${hint ? `  hint: ${hint}\n` : ''}`);
  // Only what we did not foresee is worth a stack.
  if (code === 'internal' && error instanceof Error) cli.stderr.write(`${error.stack}\n`);
}
