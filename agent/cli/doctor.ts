import type { Command } from 'commander';
import { EXIT_CODES } from '../../core/model/errors.ts';
import type { Finding } from '../doctor/finding.ts';
import { examine } from '../doctor.ts';
import type { Cli } from './cli.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';

const MARKS = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' };

export function doctorCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command.description('Check everything a backup needs, and say how to mend what is wrong'),
    'database',
    'restore',
    'events',
  )
    .addHelpText(
      'after',
      `
Writes one small object into the store (and deletes nothing). Exits with ${EXIT_CODES.findings} where there is a problem.

Examples:
  $ falkordb-backup doctor
  $ falkordb-backup doctor --json`,
    )
    .action(() => inSession(cli, command, async (session) => doctorAnswer(await examine(session))));
}

export function doctorAnswer(findings: Finding[]): Answer {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  const lines = findings.flatMap(({ level, check, message, fix }) => [
    `${MARKS[level]}  ${check}: ${message}`,
    ...(fix ? [`         fix: ${fix}`] : []),
  ]);
  return {
    json: { status: problems > 0 ? 'problem' : 'ok', problems, warnings, findings },
    text: [...lines, `${problems} problems, ${warnings} warnings.`].join('\n'),
    exitCode: problems > 0 ? EXIT_CODES.findings : EXIT_CODES.success,
  };
}
