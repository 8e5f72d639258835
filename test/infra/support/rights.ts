import type { Synthesized } from './synthesize.ts';

export interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** By the name of the policy that it is in: those of roles, and managed ones. */
export function identityStatements({ resources }: Synthesized): { policy: string; statement: Statement }[] {
  return [...resources].flatMap(([policy, { Type, Properties }]) =>
    ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].includes(Type)
      ? Properties.PolicyDocument.Statement.map((statement: Statement) => ({ policy, statement }))
      : [],
  );
}

/** A line for each right: `s3:GetObject <StoreBucket.Arn>/x`, with its condition, in order. */
export function rightsOf(synthesized: Synthesized, policy: string): string[] {
  const found = identityStatements(synthesized).filter((each) => each.policy === policy);
  return found
    .flatMap(({ statement: { Effect, Action, Resource, Condition } }) => {
      const effect = Effect === 'Allow' ? '' : 'deny ';
      const condition = Condition ? ` if ${JSON.stringify(Condition)}` : '';
      return [Action]
        .flat()
        .flatMap((action) => [Resource].flat().map((resource) => `${effect}${action} ${resource}${condition}`));
    })
    .toSorted();
}
