import { z } from 'zod';
import { backupIdSchema } from './backup-id.ts';
import { BackupError } from './errors.ts';
import { runIdSchema } from './run-id.ts';
import { targetSchema } from './target.ts';
import { SCHEDULED_TIERS, TIERS, type Tier } from './tiers.ts';
import { toCompactTimestamp, utcTimeSchema } from './timestamp.ts';

/*
 * What the control plane asks of the agent beside a FalkorDB: the words that the SSM document hands to
 * `falkordb-backup execute`. Both ends are upgraded at different times, so a reader takes this version and the one before.
 */

export const REQUEST_VERSION = 1;
const OLDEST_VERSION = 1;

export const ACTIONS = ['backup', 'restore', 'plan', 'recover', 'doctor'] as const;
export type Action = (typeof ACTIONS)[number];

/** What a restore may be asked to leave out. */
export const RESTORE_OPTIONS = ['unproven', 'no-safety-backup', 'allow-newer-engine'] as const;
export type RestoreOption = (typeof RESTORE_OPTIONS)[number];

/** A backup id, `latest`, or `latest:<tier>`. */
export const backupReferenceSchema = z.union(
  [backupIdSchema, z.literal('latest'), z.templateLiteral(['latest:', z.enum(TIERS)])],
  'not a backup id, "latest" or "latest:<tier>"',
);

const common = { target: targetSchema, runId: runIdSchema };
const restoring = {
  ...common,
  backup: backupReferenceSchema,
  fromTarget: targetSchema.optional(),
  options: z.array(z.enum(RESTORE_OPTIONS)),
};

export const requestSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('backup'),
    ...common,
    tier: z.enum([...SCHEDULED_TIERS, 'manual']),
    scheduledFor: utcTimeSchema,
  }),
  z.strictObject({ action: z.literal('restore'), ...restoring }),
  z.strictObject({ action: z.literal('plan'), ...restoring }),
  /** The run is the restore that did not end well. */
  z.strictObject({ action: z.literal('recover'), ...common }),
  z.strictObject({ action: z.literal('doctor'), target: targetSchema }),
]);

export type AgentRequest = z.infer<typeof requestSchema>;
export type RequestOf<A extends Action> = Extract<AgentRequest, { action: A }>;

/** The words of a request by name; what a request has not is empty. */
export type RequestWords = Record<WordName, string>;

export const WORD_NAMES = [
  'version',
  'action',
  'target',
  'run-id',
  'tier',
  'scheduled-for',
  'backup',
  'from-target',
  'options',
] as const;
export type WordName = (typeof WORD_NAMES)[number];

export function encodeRequest(request: AgentRequest): RequestWords {
  const { runId, tier, scheduledFor, backup, fromTarget, options }: Partial<Fields> = request;
  return {
    version: String(REQUEST_VERSION),
    action: request.action,
    target: request.target,
    'run-id': runId ?? '',
    tier: tier ?? '',
    'scheduled-for': scheduledFor ?? '',
    backup: backup ?? '',
    'from-target': fromTarget ?? '',
    options: (options ?? []).join(','),
  };
}

/**
 * @param words by name; one that is empty counts as not given, and so does one that this version does not know yet
 * @throws invalid-argument, naming all that is wrong, or which side must be upgraded
 */
export function decodeRequest(words: Record<string, string>): AgentRequest {
  assertVersion(words.version ?? '');
  const given = Object.entries(words).filter(([name, text]) => text !== '' && name !== 'version');
  const strange = given.filter(([name]) => !(WORD_NAMES as readonly string[]).includes(name)).map(([name]) => name);
  if (strange.length > 0) {
    throw new BackupError(
      'invalid-argument',
      `The request has words that this agent does not know: ${strange.join(', ')}.`,
      {
        hint: 'Upgrade the agent to the version of the functions.',
      },
    );
  }
  const { options = '', ...fields } = Object.fromEntries(given.map(([name, text]) => [toFieldName(name), text]));
  const action = fields.action;
  const isRestoring = action === 'restore' || action === 'plan';
  const list = options === '' ? [] : options.split(',');
  const parsed = requestSchema.safeParse(isRestoring || list.length > 0 ? { ...fields, options: list } : fields);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`);
  throw new BackupError('invalid-argument', `This is no request: ${problems.join('; ')}.`, {
    hint: 'Requests are sent by the functions start-backup and restore; docs/deploy.md says how to call them.',
  });
}

/** Of a backup that a schedule asked for: every retry has the same. */
export function scheduledRunId(scheduledFor: Date, tier: Tier): string {
  return `${toCompactTimestamp(scheduledFor)}-${tier}`;
}

type Fields = Omit<RequestOf<'backup'>, 'action'> & Omit<RequestOf<'restore'>, 'action'>;

function assertVersion(text: string): void {
  const version = Number(/^\d{1,4}$/.exec(text)?.[0] ?? Number.NaN);
  if (version >= OLDEST_VERSION && version <= REQUEST_VERSION) return;
  const isNewer = version > REQUEST_VERSION;
  throw new BackupError(
    'invalid-argument',
    `The request is of version "${text}"; this agent understands ${REQUEST_VERSION}.`,
    {
      hint: isNewer ? 'Upgrade the agent.' : 'Upgrade the functions ("cdk deploy").',
    },
  );
}

function toFieldName(word: string): string {
  return word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
