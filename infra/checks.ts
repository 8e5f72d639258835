import { Token } from 'aws-cdk-lib';
import { z } from 'zod';
import { toScheduleExpression } from './schedule-expression.ts';

/* What single options are checked by. Messages say what the option has to be. */

const CRON = 'must be a cron expression such as "30 2 * * *", or false for never';

/** One that the user of a construct took from another construct is known only once the stack is deployed. */
export function text(pattern: RegExp, error: string) {
  return z.string({ error }).refine((value) => Token.isUnresolved(value) || pattern.test(value), error);
}

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function cronOrNever(fallback: string) {
  const cron = z.string(CRON).superRefine((value, context) => {
    try {
      toScheduleExpression(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  });
  return z.union([z.literal(false), cron], { error: CRON }).default(fallback);
}

/** An object that has no other options. */
export function options<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  const error: z.core.$ZodErrorMap = ({ code, keys }) =>
    code === 'unrecognized_keys'
      ? `has no option ${[keys].flat().join(', ')}: there are ${known}`
      : `must be an object with the options ${known}`;
  return z.strictObject(shape, { error });
}

/** As the items of a list, each with the name of the option. */
export function problemsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `\n  - ${nameOf(path)}: ${message}`).join('');
}

function nameOf(path: PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return name === '' ? 'the configuration' : name.replace(/^\./, '');
}
