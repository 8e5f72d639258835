import { z } from 'zod';
import { createCalendar } from './calendar.ts';

/** One thing that a user can set. */
export interface Setting {
  /** Its name in the environment and in a settings file. */
  env: string;
  /** Its flag on the command line, without the dashes. A secret has none: argument lists can be read by others. */
  flag?: string;
  description: string;
  /** As text, as a user would write it. */
  default?: string;
  secret?: true;
  schema: z.ZodType<unknown, string>;
}

/** Less than the three days after which bytes without a verdict count as nobody's (core/catalog/orphans.ts). */
const MAX_SECONDS = 2 * 24 * 3600;

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const seconds = wholeNumber(1, MAX_SECONDS);

export const timeZone = z.string().refine((name) => {
  try {
    return createCalendar(name) !== undefined;
  } catch {
    return false;
  }
}, 'must be a time zone such as UTC or Europe/Berlin');

export const text = z.string().min(1, 'must not be empty');
