import { z } from 'zod';
import { backupIdSchema } from '../../core/model/backup-id.ts';
import { runIdSchema } from '../../core/model/run-id.ts';
import { wholeNumber } from '../../core/model/setting.ts';
import { targetSchema } from '../../core/model/target.ts';
import { tierSchema } from '../../core/model/tiers.ts';
import { badRequest } from './refusal.ts';

const MAX_TEXT = 200;
const searchSchema = z.string().max(MAX_TEXT, `must have at most ${MAX_TEXT} characters`);
const limitSchema = (max: number) => wholeNumber(1, max);

export const backupsQuery = z.strictObject({
  target: targetSchema.optional(),
  tier: tierSchema.optional(),
  search: searchSchema.optional(),
  limit: limitSchema(200).default(50),
  before: backupIdSchema.optional(),
});
export type BackupsQuery = z.infer<typeof backupsQuery>;

export const runsQuery = z.strictObject({
  target: targetSchema.optional(),
  limit: limitSchema(200).default(50),
  before: runIdSchema.optional(),
});
export type RunsQuery = z.infer<typeof runsQuery>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const logsQuery = z.strictObject({
  target: targetSchema.optional(),
  runId: runIdSchema.optional(),
  level: z.enum(LOG_LEVELS).default('debug'),
  search: searchSchema.optional(),
  limit: limitSchema(1000).default(200),
});
export type LogsQuery = z.infer<typeof logsQuery>;

export const targetQuery = z.strictObject({ target: targetSchema.optional() });
export const eventsQuery = z.strictObject({ logs: z.enum(['true', 'false']).default('false') });
export const noQuery = z.strictObject({});

export const backUpBody = z.strictObject({ target: targetSchema });
export const verifyBody = z.strictObject({ load: z.boolean().default(false) });
export const pinBody = z.strictObject({ note: z.string().max(1000, 'must have at most 1000 characters').optional() });

/**
 * What comes behind the question mark. An empty value counts as not given, as forms send them.
 * @throws Refusal 400, naming all that is wrong
 */
export function parseQuery<T>(schema: z.ZodType<T>, url: string): T {
  const given = [...new URL(url).searchParams].filter(([, value]) => value !== '');
  const names = given.map(([name]) => name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  const parsed = schema.safeParse(Object.fromEntries(given));
  const problems = [
    ...twice.map((name) => `${name} is given twice`),
    ...(parsed.success ? [] : problemsOf(parsed.error)),
  ];
  if (problems.length > 0 || !parsed.success) throw badRequest(problems);
  return parsed.data;
}

/** @throws Refusal 400, naming all that is wrong */
export function parseBody<T>(schema: z.ZodType<T>, text: string): T {
  let json: unknown;
  try {
    json = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw badRequest(['the body is not JSON']);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw badRequest(problemsOf(parsed.error));
}

function problemsOf({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
}
