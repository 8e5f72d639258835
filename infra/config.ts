import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { BackupError, systemErrorCode } from '../core/model/errors.ts';
import { options, text } from './checks.ts';
import { OPTIONS, parseWith } from './options.ts';

/** Of the app, in the context of cdk.json. */
export const CONTEXT_KEY = 'falkordb-backup';
/** Of the app, on the command line: `cdk deploy -c config=prod.json`. */
export const FILE_KEY = 'config';

const configSchema = options({
  ...OPTIONS,
  stackName: text(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'must be letters, digits and dashes, a letter first').default(
    'FalkorDbBackup',
  ),
  /** By default that of the AWS profile in use. */
  region: text(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'must be a region such as eu-central-1').optional(),
});

/** What the stack of `cdk deploy` is made from. */
export type AppConfig = z.output<typeof configSchema>;

/**
 * @param context looks up a key of the CDK's context
 * @throws invalid-settings, naming every option that is wrong and what it has to be
 */
export function loadAppConfig(context: (key: string) => unknown): AppConfig {
  const file = context(FILE_KEY);
  if (file !== undefined) return parseWith(configSchema, readJson(String(file)), String(file));
  const given = context(CONTEXT_KEY);
  if (given !== undefined) return parseWith(configSchema, given, `"${CONTEXT_KEY}" in the context of cdk.json`);
  throw new BackupError('invalid-settings', `Nothing says what is to be backed up.`, {
    hint: `Put { "targets": ["graphiti-prod"] } under "${CONTEXT_KEY}" into the context of cdk.json, or name a file by -c ${FILE_KEY}=<path>.`,
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = systemErrorCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new BackupError('invalid-settings', `The configuration ${path} cannot be read: ${why}`, {
      hint: 'It is a JSON file such as { "targets": ["graphiti-prod"] }; its path is relative to the current folder.',
      cause: error,
    });
  }
}
