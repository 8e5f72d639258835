import { z } from 'zod';

/* A command document as SSM reads it, as far as ours goes; every other element is an error. */

const parameterSchema = z.strictObject({
  type: z.literal('String'),
  description: z.string().optional(),
  default: z.string().optional(),
  allowedPattern: z.string().optional(),
  allowedValues: z.array(z.string()).optional(),
  minChars: z.number().optional(),
  maxChars: z.number().optional(),
  interpolationType: z.literal('ENV_VAR'),
});

export const documentSchema = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().optional(),
  parameters: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/), parameterSchema),
  mainSteps: z
    .array(
      z.strictObject({
        action: z.literal('aws:runShellScript'),
        name: z.string(),
        precondition: z
          .strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.literal('Linux')]) })
          .optional(),
        inputs: z.strictObject({
          // A step's text may hold no {{ parameter }}: those would be put into it as they are.
          runCommand: z.array(z.string().refine((line) => !line.includes('{{'))),
          timeoutSeconds: z.coerce.number().int().positive(),
        }),
      }),
    )
    .length(1),
});
export type Document = z.infer<typeof documentSchema>;

export class InvalidParameters extends Error {}

/**
 * What the script finds in its environment.
 * @throws InvalidParameters as SendCommand does
 */
export function bindParameters({ parameters }: Document, given: Record<string, string[]>): Record<string, string> {
  const strange = Object.keys(given).filter((name) => !Object.hasOwn(parameters, name));
  if (strange.length > 0) throw new InvalidParameters(`Parameters not in the document: ${strange.join(', ')}`);
  const bound = Object.entries(parameters).map(([name, rule]) => {
    const [value = rule.default, ...others] = given[name] ?? [];
    if (value === undefined) throw new InvalidParameters(`Parameter ${name} is missing`);
    if (others.length > 0) throw new InvalidParameters(`Parameter ${name} is a list`);
    if (!isAllowed(rule, value)) throw new InvalidParameters(`Parameter ${name} has a value that is not allowed`);
    return [`SSM_${name}`, value];
  });
  return Object.fromEntries(bound);
}

function isAllowed(rule: z.infer<typeof parameterSchema>, value: string): boolean {
  const { allowedPattern, allowedValues, minChars = 0, maxChars = Number.POSITIVE_INFINITY } = rule;
  if (value.length < minChars || value.length > maxChars) return false;
  if (allowedValues && !allowedValues.includes(value)) return false;
  if (allowedPattern === undefined) return true;
  // Whose regular expressions SSM's are is not documented; in those of Java and Python "$" also fits before a last
  // newline. What comes after the pattern must not rely on the better one.
  return [value, value.replace(/\n$/, '')].some((text) => new RegExp(allowedPattern).test(text));
}
