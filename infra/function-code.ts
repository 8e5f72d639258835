import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { BackupError } from '../core/model/errors.ts';

/** As their folders are called. */
export type FunctionName = 'start-backup' | 'restore' | 'prune' | 'track-command' | 'watchdog' | 'notify';

/** Seen from dist/infra in the package, and from infra in a clone. */
const FOLDERS = ['../functions', '../dist/functions'].map((path) => join(import.meta.dirname, path));

/**
 * The bundled function; nothing is built while an app is synthesised.
 * @throws invalid-settings where it is not there
 */
export function functionCode(name: FunctionName, folders: readonly string[] = FOLDERS): Code {
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'index.mjs')));
  if (found !== undefined) return Code.fromAsset(found);
  throw new BackupError(
    'invalid-settings',
    `The function ${name} is not built: it is in none of ${folders.join(', ')}.`,
    {
      hint: 'In a clone run "npm run build"; an installed package that lacks it is damaged: install it again.',
    },
  );
}
