import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { runIdSchema } from './run-id.ts';
import { targetSchema } from './target.ts';
import { utcTimeSchema } from './timestamp.ts';

/*
 * What is written of a run, each once: requested, started, verdict-<n>, and of a plan what it found
 * (restore-plan-record.ts). Several verdicts can exist (the agent's own and that of a control plane that gave it up);
 * `runOutcome` says which one counts.
 */

const common = { schemaVersion: z.literal(1), runId: runIdSchema, target: targetSchema };

export const requestedSchema = z.object({
  ...common,
  verb: z.enum(['backup', 'restore', 'plan', 'prune']),
  backupId: backupIdSchema.nullable(),
  requestedAt: utcTimeSchema,
});

export const startedSchema = z.object({
  ...common,
  startedAt: utcTimeSchema,
  host: z.string(),
  pid: z.number().int().nonnegative(),
  toolVersion: z.string(),
});

export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  retryable: z.boolean(),
});

const runStepSchema = z.object({
  name: z.string(),
  startedAt: utcTimeSchema,
  seconds: z.number().nonnegative(),
  ok: z.boolean(),
});

/** The step of a restore by which FalkorDB comes to hold other data; whether it was rolled back is told by it. */
export function loadStep(holds: 'backup' | 'safety backup'): string {
  return `load the ${holds}`;
}

export const verdictSchema = z.object({
  ...common,
  verdict: z.enum(['completed', 'failed', 'skipped']),
  endedAt: utcTimeSchema,
  /** For `skipped`: `unchanged` or `covered`. */
  reason: z.string().nullable(),
  failure: failureSchema.nullable(),
  /** Of runs that have several, in order. */
  steps: z.array(runStepSchema).default([]),
  /** Which event sink could not be told of the run, and why. */
  undelivered: z.array(z.object({ sink: z.string(), error: z.string(), hint: z.string().optional() })).default([]),
});

export type Requested = z.infer<typeof requestedSchema>;
export type Started = z.infer<typeof startedSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
/** As it is handed in to be written. */
export type NewVerdict = z.input<typeof verdictSchema>;
export type RunStep = z.infer<typeof runStepSchema>;
export type Failure = z.infer<typeof failureSchema>;

export interface RunRecords {
  requested?: Requested;
  started?: Started;
  /** In order of their number. */
  verdicts: Verdict[];
}

export type RunOutcome = 'requested' | 'running' | Verdict['verdict'];

/**
 * A manifest outranks any verdict of a backup: a run whose agent was given up for dead, and which then committed, has
 * completed. (That of a restore is its safety backup, and says nothing of the restore.)
 * Among verdicts `completed` and `skipped` outrank `failed`: the agent knows better than whoever watched it.
 */
export function runOutcome(run: RunRecords, hasManifest: boolean): RunOutcome {
  if (hasManifest && (run.requested?.verb ?? 'backup') === 'backup') return 'completed';
  const verdicts = run.verdicts.map(({ verdict }) => verdict);
  const best = (['completed', 'skipped', 'failed'] as const).find((verdict) => verdicts.includes(verdict));
  return best ?? (run.started ? 'running' : 'requested');
}
