import { z } from 'zod';
import { BackupError } from './errors.ts';
import { backupReferenceSchema, RESTORE_OPTIONS } from './request.ts';
import { runIdSchema } from './run-id.ts';
import { targetSchema } from './target.ts';
import { SCHEDULED_TIERS, TIERS } from './tiers.ts';

/* What the functions on AWS are invoked with. docs/deploy.md shows them. */

const MAX_TARGETS = 1000;
const MAX_LISTED = 1000;

/** As EventBridge Scheduler writes `<aws.scheduler.scheduled-time>`, and a person would. */
const time = z.iso.datetime({ offset: true });

export const startBackupInputSchema = z.strictObject({
  tier: z.enum([...SCHEDULED_TIERS, 'manual']),
  /** The time it was due; a retry has the same. */
  scheduledTime: time,
  targets: z.array(targetSchema).min(1).max(MAX_TARGETS),
});

const restoring = {
  target: targetSchema,
  backup: backupReferenceSchema,
  fromTarget: targetSchema.optional(),
  options: z.array(z.enum(RESTORE_OPTIONS)).default([]),
};

export const restoreInputSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('list'),
    target: targetSchema,
    tier: z.enum(TIERS).optional(),
    limit: z.int().min(1).max(MAX_LISTED).default(50),
  }),
  z.strictObject({ action: z.literal('plan'), ...restoring }),
  z.strictObject({ action: z.literal('start'), ...restoring, confirm: z.string() }),
  z.strictObject({ action: z.literal('status'), target: targetSchema, runId: runIdSchema }),
  z.strictObject({ action: z.literal('recover'), target: targetSchema }),
]);

export const pruneInputSchema = z.strictObject({
  /** Only say what would go. */
  dryRun: z.boolean().default(false),
  /** All that the store has, where it is left out. */
  targets: z.array(targetSchema).min(1).max(MAX_TARGETS).optional(),
});

export const watchdogInputSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(MAX_TARGETS),
  /** Cron expressions of five fields; a tier that is left out is not watched. */
  schedules: z.partialRecord(z.enum(SCHEDULED_TIERS), z.string()),
  timeZone: z.string().default('UTC'),
  /** How long after it was due a backup may be in coming. */
  graceMinutes: z.int().min(0).optional(),
  /** How long a run of the agent may take. */
  timeoutSeconds: z.int().min(1).optional(),
  /** So often at the least a backup of each target is to be proved to load; never where left out. */
  promisedVerificationDays: z.int().min(1).optional(),
});

export type StartBackupInput = z.infer<typeof startBackupInputSchema>;
export type RestoreInput = z.infer<typeof restoreInputSchema>;
export type PruneInput = z.infer<typeof pruneInputSchema>;
/** As a schedule hands it over. */
export type WatchdogInput = z.input<typeof watchdogInputSchema>;

/** @throws invalid-argument, naming every field that is wrong */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  throw new BackupError('invalid-argument', `This input is wrong: ${problems.join('; ')}.`, {
    hint: 'docs/deploy.md shows the inputs of each function.',
  });
}
