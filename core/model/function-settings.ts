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
  /** Of the SNS topic that people hear. */
  topicArn: { env: 'BACKUP_TOPIC_ARN', schema: z.string().startsWith('arn:') },
  /** Name of the SSM parameter that holds webhooks; none where it is left out. */
  webhooksParameter: { env: 'BACKUP_WEBHOOKS_PARAMETER', schema: z.string().min(1).optional() },
  /** Whether webhooks may be in the network of the function. */
  allowPrivateWebhooks: {
    env: 'BACKUP_WEBHOOKS_ALLOW_PRIVATE',
    schema: z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
  },
  /** Names of functions, for the commands that notices tell people to type. */
  startBackupFunction: { env: 'BACKUP_START_BACKUP_FUNCTION', schema: z.string().min(1) },
  restoreFunction: { env: 'BACKUP_RESTORE_FUNCTION', schema: z.string().min(1) },
} as const;

export type FunctionSettingName = keyof typeof FUNCTION_SETTINGS;
export type FunctionSettings<Name extends FunctionSettingName> = {
  [Each in Name]: z.output<(typeof FUNCTION_SETTINGS)[Each]['schema']>;
};

/** As a function's environment variables. */
export function encodeFunctionSettings(
  settings: Partial<FunctionSettings<FunctionSettingName>>,
): Record<string, string> {
  const names = Object.keys(settings) as FunctionSettingName[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = settings[name];
      return value === undefined ? [] : [[FUNCTION_SETTINGS[name].env, String(value)]];
    }),
  );
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
