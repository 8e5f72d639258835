import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BackupError, systemErrorCode } from '../../core/model/errors.ts';
import { SERVICE_WIDE } from '../../core/model/service-settings.ts';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';

const MAX_TARGETS = 100;

const fileSchema = z.strictObject({
  targets: z.array(z.record(z.string(), z.string())).min(1).max(MAX_TARGETS),
});

/** What one target of several has for itself, by the names of the environment. */
export type TargetEntry = Record<string, string>;

/**
 * A file such as {"targets": [{"BACKUP_TARGET": "shop", "FALKORDB_URL": "redis://shop:6379"}, …]}. What is the same for all
 * stands in the environment or the settings file, and never in both.
 * @param common names that are set for all targets
 * @throws invalid-settings, naming all that is wrong
 */
export function readTargetsFile(path: string, common: ReadonlySet<string>): TargetEntry[] {
  const { targets } = parse(path);
  const names = targets.map(({ BACKUP_TARGET = '' }) => BACKUP_TARGET);
  const problems = targets.flatMap((entry, index) => {
    const name = names[index];
    const about = name ? `target ${name}` : `target number ${index + 1}`;
    return [
      ...(name ? [] : [`${about} has no BACKUP_TARGET`]),
      ...(name && names.indexOf(name) !== index ? [`${about} is there twice`] : []),
      ...Object.keys(entry)
        .flatMap((env) => entryProblem(env, common))
        .map((problem) => `${about}: ${problem}`),
    ];
  });
  if (problems.length > 0) throw wrong(path, problems);
  return targets;
}

function entryProblem(env: string, common: ReadonlySet<string>): string[] {
  const found = Object.entries<Setting>(SETTINGS).find(([, setting]) => setting.env === env);
  if (!found) return [`${/^[A-Z][A-Z0-9_]*$/.test(env) ? env : 'one of its names'} is no setting`];
  if (SERVICE_WIDE.has(found[0])) return [`${env} is for the whole service: set it in the environment`];
  return common.has(env) ? [`${env} is set for all targets as well: leave it in one place`] : [];
}

function parse(path: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code) throw wrong(path, [`it cannot be read (${code})`]);
    // What JSON.parse says quotes the text, which may hold a secret.
    if (!(error instanceof z.ZodError)) throw wrong(path, ['it is no JSON']);
    throw wrong(
      path,
      error.issues.map(({ path: place, message }) => `${place.join('.') || 'file'}: ${message}`),
    );
  }
}

function wrong(path: string, problems: string[]): BackupError {
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new BackupError('invalid-settings', `${path} is no file of targets:${list}`, {
    hint: 'docs/install-local.md shows one. It holds settings by the names of docs/configuration.md, all as text.',
  });
}
