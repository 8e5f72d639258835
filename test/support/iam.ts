import { z } from 'zod';

/*
 * Decides as IAM does, within one account, as far as our policies go. What it does not know is an error and never a
 * guess: another element, another operator, a condition on a key of which the caller did not say what it is.
 */

/** One action on one resource. */
export interface AccessRequest {
  action: string;
  /** An ARN; `*` for an action that knows no resources. */
  resource: string;
  /** By condition key; undefined for what the request is known not to have. */
  context: Record<string, string | undefined>;
}

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => [value].flat());

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.partialRecord(z.enum(['AWS', 'Service']), oneOrMore)]).optional(),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).default({}),
});
export type Statement = z.infer<typeof statementSchema>;

const policySchema = z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(z.unknown()) });

/** @throws for elements that are not known here */
export function parseStatement(statement: unknown): Statement {
  const parsed = statementSchema.safeParse(statement);
  if (parsed.success) return parsed.data;
  throw new Error(`Not understood: the statement ${JSON.stringify(statement)}: ${z.prettifyError(parsed.error)}`);
}

export function parsePolicy(document: unknown): Statement[] {
  return policySchema.parse(document).Statement.map(parseStatement);
}

export interface Policies {
  /** Of the caller's role. */
  identity: Statement[];
  /** Of what is called: a bucket's policy, a function's permissions. */
  resource?: Statement[];
  /** ARN of the caller's role, or the name of a service. */
  principal?: string;
}

export interface Decision {
  isAllowed: boolean;
  /** That allow it, or that deny it explicitly; none where nothing is said of it. */
  by: Statement[];
}

export function decide(request: AccessRequest, { identity, resource = [], principal = '' }: Policies): Decision {
  const applying = [...identity, ...resource.filter((statement) => names(statement, principal))].filter((statement) =>
    applies(statement, request),
  );
  const denying = applying.filter(({ Effect }) => Effect === 'Deny');
  const by = denying.length > 0 ? denying : applying;
  return { isAllowed: by.length > 0 && denying.length === 0, by };
}

/** Whether the statement is about the request, apart from its conditions. */
export function isAbout({ Action, Resource }: Statement, { action, resource }: AccessRequest): boolean {
  const isNamed = Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
  return isNamed && Resource.some((pattern) => matches(pattern, resource));
}

function applies(statement: Statement, request: AccessRequest): boolean {
  if (!isAbout(statement, request)) return false;
  return Object.entries(statement.Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, wanted, request)),
  );
}

/** Where a request does not have a key, only Null can hold. */
const OPERATORS: Record<string, (value: string, wanted: string) => boolean> = {
  StringEquals: (value, wanted) => value === wanted,
  StringLike: (value, wanted) => matches(wanted, value),
  ArnLike: (value, wanted) => matches(wanted, value),
  ArnEquals: (value, wanted) => matches(wanted, value),
  Bool: (value, wanted) => value === wanted,
};

function holds(operator: string, key: string, wanted: string[], { action, context }: AccessRequest): boolean {
  if (!Object.hasOwn(context, key)) throw new Error(`Not understood: ${key} as a condition on ${action}`);
  const value = context[key];
  if (operator === 'Null') return wanted.some((isAbsent) => isAbsent === String(value === undefined));
  const test = OPERATORS[operator];
  if (!test) throw new Error(`Not understood: the operator ${operator} on ${key}`);
  return value !== undefined && wanted.some((each) => test(value, each));
}

function names({ Principal }: Statement, principal: string): boolean {
  if (Principal === undefined) throw new Error('Not understood: a policy of a resource without a principal');
  if (Principal === '*') return true;
  return Object.values(Principal)
    .flat()
    .some((each) => each === '*' || each === principal);
}

function matches(pattern: string, text: string): boolean {
  if (pattern.includes('${')) throw new Error(`Not understood: the policy variable in ${pattern}`);
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}
