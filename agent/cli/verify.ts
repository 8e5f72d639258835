import type { Command } from 'commander';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { proveBackup } from '../prove.ts';
import { tellOfDamage, type VerifyDeps, type VerifyResult, verifyAll, verifyOne } from '../verify.ts';
import type { Cli } from './cli.ts';
import { type Answer, addCommonOptions, inSession } from './session.ts';
import { describeVerification } from './verification-text.ts';

interface VerifyFlags {
  all?: boolean;
  load?: boolean;
}

export function verifyCommand(command: Command, cli: Cli): void {
  addCommonOptions(
    command
      .description('Read stored backups again and check every byte: sizes, digests, RDB header, CRC64')
      .argument('[backup]', 'a backup id, "latest", or "latest:<tier>"', 'latest')
      .option('--all', 'every backup of the target')
      .option('--load', 'load it into a throw-away FalkorDB too, and compare what that holds with the manifest'),
    'scratch',
    'events',
    'metrics',
  )
    .addHelpText(
      'after',
      `
Exits with ${EXIT_CODES.integrity} where a check failed. What --load found is kept beside the backup; "list" shows it.

Examples:
  $ falkordb-backup verify
  $ falkordb-backup verify latest:monthly --load
  $ falkordb-backup verify --all --load --json`,
    )
    .action((reference: string, { all, load }: VerifyFlags) =>
      inSession(cli, command, async (session) => {
        const { target } = session.config;
        const loading: Pick<VerifyDeps, 'load'> = load
          ? { load: (manifest, parts) => proveBackup(manifest, parts, session) }
          : {};
        const deps = { ...session, ...loading };
        const results = all ? await verifyAll(deps, target) : [await verifyOne(deps, target, reference)];
        await tellOfDamage(results, session);
        return answer(results);
      }),
    );
}

function answer(results: VerifyResult[]): Answer {
  const damaged = results.filter(({ failure }) => failure !== undefined).length;
  const [notLoaded, ...others] = results.flatMap((result) => result.notLoaded ?? []);
  const counts = [`${results.length} verified`, `${damaged} damaged`];
  if (notLoaded) counts.push(`${1 + others.length} could not be loaded here`);
  return {
    json: {
      status: damaged > 0 ? 'damaged' : notLoaded ? 'not-loaded' : 'ok',
      verified: results.length,
      damaged,
      results: results.map(toJson),
    },
    text: [...results.map(toText), `${counts.join(', ')}.`].join('\n'),
    exitCode: damaged > 0 ? EXIT_CODES.integrity : (notLoaded?.exitCode ?? EXIT_CODES.success),
  };
}

function toJson({ backupId, failure, loaded, notLoaded }: VerifyResult): unknown {
  const error = failure ?? notLoaded;
  return {
    backupId,
    status: failure ? 'damaged' : notLoaded ? 'not-loaded' : 'ok',
    ...(error ? { error: { code: error.code, message: error.message, hint: error.hint ?? null } } : {}),
    ...(loaded ? { verification: loaded.verification, writtenBy: loaded.manifest.engine } : {}),
  };
}

function toText({ backupId, failure, loaded, notLoaded }: VerifyResult): string {
  const how = loaded ? `, ${describeVerification(loaded.manifest, loaded.verification)}` : '';
  const error = failure ?? notLoaded;
  if (!error) return `${backupId}  ok${how}`;
  return `${backupId}  ${failure ? 'DAMAGED' : 'not loaded'}${how}\n  ${error.message}\n  ${error.hint ?? ''}`;
}
