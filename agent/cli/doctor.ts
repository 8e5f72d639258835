import type { Command } from 'commander';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { checkDatabase } from '../doctor/database-checks.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkOrphans } from '../doctor/orphan-check.ts';
import { checkUnfinishedRestore } from '../doctor/restore-check.ts';
import { checkStore } from '../doctor/store-checks.ts';
import type { Cli } from './cli.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';

const MARKS = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' };

export function doctorCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command.description('Check everything a backup needs, and say how to mend what is wrong'),
    'database',
    'restore',
  )
    .addHelpText(
      'after',
      `
Writes one small object into the store (and deletes nothing). Exits with ${EXIT_CODES.findings} where there is a problem.

Examples:
  $ falkordb-backup doctor
  $ falkordb-backup doctor --json`,
    )
    .action(() =>
      inSession(cli, command, async ({ config, store, now }) => {
        const [database, storage] = await Promise.all([
          checkDatabase(config, now),
          checkStore(store, config.target, now),
        ]);
        const works = storage.every(({ level }) => level !== 'problem');
        const leftOvers = works
          ? [await checkOrphans(store, config.target, now()), await checkUnfinishedRestore(config, store, now())]
          : [];
        return answer([...database, ...storage, ...leftOvers]);
      }),
    );
}

function answer(findings: Finding[]): Answer {
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
