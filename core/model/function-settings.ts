import { z } from 'zod';
import { BackupError } from './errors.ts';

/*
 * What the functions on AWS find in their environment. The stack writes it and the functions read it, so its names stand
 * here, once. The retention settings of prune keep the names they have everywhere (core/model/settings.ts).
 */

/** Of the tag whose value is the name of the target beside which an instance's agent stands. */
export const TARGET_TAG = 'falkordb-backup-target';

/** `interpolationType: ENV_VAR` of documents, on which the safety of the script rests. */
export const OLDEST_SSM_AGENT = '3.3.2746.0';

export const FUNCTION_SETTINGS = {
  /** s3://bucket/prefix */
  store: { env: 'BACKUP_STORE', schema: z.string().startsWith('s3://') },
  /** Name of the SSM document that runs the agent. */
  document: { env: 'BACKUP_DOCUMENT', schema: z.string().min(1) },
  /** Name or ARN of the event bus that is told. */
  eventBus: { env: 'BACKUP_EVENT_BUS', schema: z.string().min(1) },
  targetTag: { env: 'BACKUP_TARGET_TAG', schema: z.string().min(1) },
} as const;

export type FunctionSettingName = keyof typeof FUNCTION_SETTINGS;
export type FunctionSettings<Name extends FunctionSettingName> = Record<Name, string>;

/** As a function's environment variables. */
export function encodeFunctionSettings<Name extends FunctionSettingName>(
  settings: FunctionSettings<Name>,
): Record<string, string> {
  const names = Object.keys(settings) as Name[];
  return Object.fromEntries(names.map((name) => [FUNCTION_SETTINGS[name].env, settings[name]]));
}

/** @throws invalid-settings, naming every one that is missing or wrong */
export function decodeFunctionSettings<Name extends FunctionSettingName>(
  env: Record<string, string | undefined>,
  ...names: Name[]
): FunctionSettings<Name> {
  const results = names.map((name) => {
    const { env: variable, schema } = FUNCTION_SETTINGS[name];
    return { name, variable, parsed: schema.safeParse(env[variable]) };
  });
  const wrong = results.filter(({ parsed }) => !parsed.success).map(({ variable }) => variable);
  if (wrong.length > 0) {
    throw new BackupError('invalid-settings', `The function's environment lacks ${wrong.join(', ')}.`, {
      hint: 'Deploy it by the FalkorDbBackup construct, which sets them.',
    });
  }
  return Object.fromEntries(results.map(({ name, parsed }) => [name, parsed.data])) as FunctionSettings<Name>;
}
