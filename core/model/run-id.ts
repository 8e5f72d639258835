import { z } from 'zod';
import { fromCompactTimestamp, toCompactTimestamp } from './timestamp.ts';

const RUN_ID = /^(\d{8}T\d{6}Z)-[a-z0-9][a-z0-9-]{0,39}$/;

/** Starts with the time it was asked for, so that the records of a target list in order of time. */
export const runIdSchema = z
  .string()
  .refine(
    (text) => fromCompactTimestamp(RUN_ID.exec(text)?.[1] ?? '') !== undefined,
    'a run id is <yyyymmddThhmmssZ>-<1 to 40 lower-case letters, digits and dashes>',
  );

/** For runs that nothing scheduled; a scheduled run's id is made from its schedule, so that a retry has the same. */
export function newRunId(now: Date): string {
  return `${toCompactTimestamp(now)}-${crypto.randomUUID().slice(0, 8)}`;
}
