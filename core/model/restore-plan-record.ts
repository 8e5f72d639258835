import { z } from 'zod';
import { graphSummarySchema } from './manifest.ts';
import { runIdSchema } from './run-id.ts';
import { targetSchema } from './target.ts';
import { utcTimeSchema } from './timestamp.ts';

/** What an agent found when it was asked how a restore would go: the run's plan.json, and `restore --dry-run --json`. */
export const restorePlanRecordSchema = z.object({
  schemaVersion: z.literal(1),
  runId: runIdSchema,
  target: targetSchema,
  /** `refused` where there are refusals: the restore would not begin. */
  status: z.enum(['planned', 'refused']),
  /** Backup id, or the name of the file. */
  restore: z.string(),
  takenAt: utcTimeSchema,
  /** Of the backup, when the plan was made. */
  ageSeconds: z.number().int(),
  rdb: z.object({ bytes: z.number().int().nonnegative(), sha256: z.string() }),
  writtenBy: z.object({ redis: z.string().nullable(), falkordb: z.string().nullable(), rdbVersion: z.number().int() }),
  /** `graphs` is what the server holds now, and will no longer; empty where the restore is refused. */
  server: z.object({
    address: z.string(),
    falkordb: z.string().nullable(),
    redis: z.string(),
    graphs: z.array(graphSummarySchema),
  }),
  /** When the backup was loaded for a trial in a way that counts for this server; null where it has to be first. */
  provenAt: utcTimeSchema.nullable(),
  /** Whether what the server holds would be backed up first. */
  safetyBackup: z.boolean(),
  refusals: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() })),
  notes: z.array(z.string()),
});

export type RestorePlanRecord = z.infer<typeof restorePlanRecordSchema>;
