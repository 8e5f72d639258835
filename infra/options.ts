import { z } from 'zod';
import { BackupError } from '../core/model/errors.ts';
import { TARGET_TAG } from '../core/model/function-settings.ts';
import { DEFAULT_GRACE_MS } from '../core/model/schedule-due.ts';
import type { Setting } from '../core/model/setting.ts';
import { SETTINGS } from '../core/model/settings.ts';
import { targetSchema } from '../core/model/target.ts';
import { DEFAULT_PRUNE_SCHEDULE, DEFAULT_SCHEDULES } from '../core/model/tiers.ts';
import { cronOrNever, options, problemsOf, text, wholeNumber } from './checks.ts';
import type { BackupOptions, FalkorDbBackupProps } from './props.ts';

/** Each has a managed policy and an output of its own, and all their names stand in one policy: IAM and CloudFormation have limits. */
const MAX_TARGETS = 100;
/** When the backups of the night are made, by default. */
/** SSM lets no command take longer. */
const MAX_COMMAND_SECONDS = 2 * 24 * 3600;
/** The agent's own deadline comes first: SSM would end `docker exec`, and not the run that it began. */
export const COMMAND_MARGIN_SECONDS = 300;

const MAX_DAYS = 3650;
const MAX_GRACE_MINUTES = 24 * 60;
const PREFIX = /^([A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)?$/;
/** As it can be called in Parameter Store; no wildcard, as it becomes part of a policy. */
const PARAMETER_NAME = /^(?!\/?(aws|ssm))([\w.-]+|(\/[\w.-]+){1,15})$/i;
const KEY_ARN = /^arn:[^:]+:kms:[^:]+:\d{12}:key\/[A-Za-z0-9-]+$/;

const PARAMETER_RULE = 'must be the name of an SSM parameter, such as /falkordb-backup/webhooks';

const targets = z
  .array(targetSchema, 'must be a list of names, such as ["graphiti-prod"]')
  .min(1, 'must name a FalkorDB at least, such as ["graphiti-prod"]')
  .max(MAX_TARGETS, `must be at most ${MAX_TARGETS}: give the others a stack of their own`)
  .refine((names) => new Set(names).size === names.length, 'must name each only once');

const retention = options({
  days: amount(SETTINGS.retentionDays),
  weekly: amount(SETTINGS.retentionWeekly),
  monthly: amount(SETTINGS.retentionMonthly),
  snapshot: rules(SETTINGS.retentionSnapshot),
  manual: rules(SETTINGS.retentionManual),
  preRestore: rules(SETTINGS.retentionPreRestore),
  minimum: amount(SETTINGS.retentionMinimum),
  runsDays: amount(SETTINGS.retentionRunsDays),
}).prefault({});

const schedules = options({
  monthly: cronOrNever(DEFAULT_SCHEDULES.monthly),
  weekly: cronOrNever(DEFAULT_SCHEDULES.weekly),
  daily: cronOrNever(DEFAULT_SCHEDULES.daily),
  snapshot: cronOrNever(DEFAULT_SCHEDULES.snapshot),
  prune: cronOrNever(DEFAULT_PRUNE_SCHEDULE),
}).prefault({});

const bucket = options({
  name: text(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be 3 to 63 lower-case letters, digits, dots and dashes',
  ).optional(),
  prefix: z
    .string()
    .regex(PREFIX, 'must be names joined by "/", without one at either end, or empty')
    .default('falkordb'),
  undoDays: wholeNumber(1, MAX_DAYS).default(7),
  coldMonthlyDays: z
    .union([z.literal(false), wholeNumber(1, MAX_DAYS)], {
      error: `must be a whole number from 1 to ${MAX_DAYS}, or false for never`,
    })
    .default(90),
  kmsKeyArn: text(
    KEY_ARN,
    'must be the ARN of a key (not of an alias): arn:aws:kms:<region>:<account>:key/<id>',
  ).optional(),
}).prefault({});

/** Of the construct; the app's configuration has a few options more. */
export const OPTIONS = {
  targets,
  targetTag: z
    .string()
    .regex(/^(?!aws:)[A-Za-z0-9_.:/=+@-]{1,128}$/, 'must be the name of a tag: letters, digits and _.:/=+@-')
    .default(TARGET_TAG),
  schedules,
  timeZone: z
    .string('must be a time zone such as UTC or Europe/Berlin')
    .pipe(SETTINGS.retentionTimeZone.schema)
    .default(SETTINGS.retentionTimeZone.default),
  retention,
  bucket,
  alerts: options({
    emails: z
      .array(text(/^[^@\s]+@[^@\s]+$/, 'must be a mail address'), 'must be a list of mail addresses')
      .default([]),
    webhooksParameter: z.string(PARAMETER_RULE).regex(PARAMETER_NAME, PARAMETER_RULE).optional(),
    allowPrivateWebhooks: z.boolean('must be true or false').default(false),
    graceMinutes: wholeNumber(0, MAX_GRACE_MINUTES).default(DEFAULT_GRACE_MS / 60_000),
  }).prefault({}),
  timeoutSeconds: wholeNumber(60, MAX_COMMAND_SECONDS - COMMAND_MARGIN_SECONDS).default(
    Number(SETTINGS.timeoutSeconds.default),
  ),
  eventBusName: text(/^[/.A-Za-z0-9_-]{1,256}$/, 'must be the name of an event bus').default('default'),
};

const optionsSchema: z.ZodType<BackupOptions, FalkorDbBackupProps> = options(OPTIONS);

/** @throws invalid-settings, naming every option that is wrong and what it has to be */
export function parseOptions(props: FalkorDbBackupProps): BackupOptions {
  return parseWith(optionsSchema, props, 'the properties of FalkorDbBackup');
}

/** @throws invalid-settings, as `parseOptions` */
export function parseWith<T>(schema: z.ZodType<T>, input: unknown, subject: string): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new BackupError('invalid-settings', `Wrong in ${subject}:${problemsOf(parsed.error)}`, {
    hint: 'docs/deploy.md shows the options; infra/props.ts has them all, with their defaults.',
  });
}

/** By the rule and the default that the setting has everywhere. */
type RuledSetting = Setting & { default: string };

function amount(setting: RuledSetting) {
  return z.number('must be a whole number').check(ruleOf(setting)).default(Number(setting.default));
}

function rules(setting: RuledSetting) {
  return z.string(`must be rules such as "${setting.default}"`).check(ruleOf(setting)).default(setting.default);
}

function ruleOf({ schema }: RuledSetting): z.core.CheckFn<number | string> {
  return ({ value, issues }) => {
    const problems = schema.safeParse(String(value)).error?.issues ?? [];
    issues.push(...problems.map(({ message }) => ({ code: 'custom' as const, message, input: value })));
  };
}
