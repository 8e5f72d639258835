import type { Command } from 'commander';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { type Verification, verifyAll, verifyOne } from '../verify.ts';
import type { Cli } from './cli.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';

export function verifyCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Read stored backups again and check every byte: sizes, digests, RDB header, CRC64')
      .argument('[backup]', 'a backup id, "latest", or "latest:<tier>"', 'latest')
      .option('--all', 'every backup of the target'),
  )
    .addHelpText(
      'after',
      `
Exits with ${EXIT_CODES.integrity} where a check failed.

Examples:
  $ falkordb-backup verify
  $ falkordb-backup verify latest:monthly
  $ falkordb-backup verify --all --json`,
    )
    .action((reference: string, { all }: { all?: boolean }) =>
      inSession(cli, command, async (session) => {
        const { target } = session.config;
        return answer(all ? await verifyAll(session, target) : [await verifyOne(session, target, reference)]);
      }),
    );
}

function answer(verifications: Verification[]): Answer {
  const failed = verifications.filter(({ failure }) => failure !== undefined);
  const results = verifications.map(({ backupId, failure }) => {
    if (!failure) return { backupId, status: 'ok' };
    const { code, message, hint = null } = failure;
    return { backupId, status: 'damaged', error: { code, message, hint } };
  });
  const lines = verifications.map(({ backupId, failure }) =>
    failure ? `${backupId}  DAMAGED\n  ${failure.message}\n  ${failure.hint ?? ''}` : `${backupId}  ok`,
  );
  return {
    json: {
      status: failed.length === 0 ? 'ok' : 'damaged',
      verified: verifications.length,
      damaged: failed.length,
      results,
    },
    text: [...lines, `${verifications.length} verified, ${failed.length} damaged.`].join('\n'),
    exitCode: failed.length === 0 ? EXIT_CODES.success : EXIT_CODES.integrity,
  };
}
