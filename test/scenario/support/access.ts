import { z } from 'zod';
import { type AccessRequest, decide, parsePolicy, type Statement } from '../../support/iam.ts';
import type { Stack } from './stack.ts';

/** Lets through what the template allows, and remembers what was asked for. */
export class Access {
  /** What was refused: caller, action, resource. */
  readonly refused: string[] = [];
  readonly #callers = new Map<string, { identity: Statement[]; principal: string }>();
  readonly #used = new Map<Statement, Set<string>>();

  addCaller(name: string, identity: Statement[], principal: string): void {
    this.#callers.set(name, { identity, principal });
  }

  /** Whether it would be let through; this counts as no use of the right. */
  would(caller: string, request: AccessRequest): boolean {
    return decide(request, this.#policiesOf(caller)).isAllowed;
  }

  /** @param resource is the policy of what is called, if it has one */
  allows(caller: string, request: AccessRequest, resource: Statement[] = []): boolean {
    const { isAllowed, by } = decide(request, { ...this.#policiesOf(caller), resource });
    if (isAllowed) for (const statement of by) this.#use(statement, request.action);
    else this.refused.push(`${caller} ${request.action} ${request.resource}`);
    return isAllowed;
  }

  /** Rights of the caller that it has made no use of so far: `Sid action`. */
  unused(caller: string): string[] {
    const allowing = (this.#callers.get(caller)?.identity ?? []).filter(({ Effect }) => Effect === 'Allow');
    return allowing.flatMap((statement) =>
      statement.Action.filter((action) => !this.#used.get(statement)?.has(action.toLowerCase())).map(
        (action) => `${caller} ${action} ${statement.Resource[0]}${statement.Resource.length > 1 ? ' ...' : ''}`,
      ),
    );
  }

  #policiesOf(caller: string): { identity: Statement[]; principal: string } {
    const known = this.#callers.get(caller);
    if (!known) throw new Error(`Nobody here is called ${caller}`);
    return known;
  }

  #use(statement: Statement, action: string): void {
    const actions = this.#used.get(statement) ?? new Set();
    this.#used.set(statement, actions.add(action.toLowerCase()));
  }
}

/** Only for the log group of the function, which no test here looks at. */
const LOGGING = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

/** All that the role may do. */
export function statementsOf(stack: Stack, roleArn: string): Statement[] {
  const role = stack.only('AWS::IAM::Role', ({ arn }) => arn === roleArn);
  const { Policies, ManagedPolicyArns } = rolePropertiesSchema.parse(role.properties);
  const strange = ManagedPolicyArns.filter((arn) => arn !== LOGGING);
  if (strange.length > 0) throw new Error(`Not understood: the managed policies ${strange.join(', ')}`);
  const attached = stack
    .resources('AWS::IAM::Policy')
    .map(({ properties }) => attachedSchema.parse(properties))
    .filter(({ Roles }) => Roles.includes(stack.nameOf(role)));
  return [...Policies, ...attached].flatMap(({ PolicyDocument }) => parsePolicy(PolicyDocument));
}

const policySchema = z.looseObject({ PolicyDocument: z.unknown() });
const rolePropertiesSchema = z.looseObject({
  Policies: z.array(policySchema).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const attachedSchema = policySchema.extend({ Roles: z.array(z.string()) });
