import { createInterface } from 'node:readline';
import { BackupError } from '../../core/model/errors.ts';
import type { Cli } from './cli.ts';

/**
 * Makes sure that a person, or a script on purpose, means this target.
 * @throws not-confirmed
 */
export async function confirm(
  cli: Cli,
  { confirm: given, force }: { confirm?: string; force?: boolean },
  target: string,
  explanation: string,
): Promise<void> {
  if (force && given === undefined) return;
  const name = given ?? (await ask(cli, target, explanation));
  if (name === target) return;
  throw new BackupError('not-confirmed', `"${name}" is not the target, which is ${target}; nothing was changed.`, {
    hint: 'Check BACKUP_TARGET and FALKORDB_URL: the target is what is overwritten.',
  });
}

async function ask({ stdin, stderr, signal }: Cli, target: string, explanation: string): Promise<string> {
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new BackupError('not-confirmed', `Overwriting ${target} was not confirmed; nothing was changed.`, {
      hint: `Nobody can be asked here: give --confirm ${target}, or --force.`,
    });
  }
  stderr.write(`${explanation}Type "${target}" to overwrite it: `);
  // Without its own terminal handling, so that Ctrl-C reaches the process as a signal.
  for await (const line of createInterface({ input: stdin, terminal: false, signal })) return line.trim();
  signal.throwIfAborted();
  return '';
}
