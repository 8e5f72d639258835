import { z } from 'zod';
import { parsePolicy, parseStatement, type Statement } from '../../support/iam.ts';
import type { Stack } from './stack.ts';

/* What the parts of the stack that are called let others do. */

export function topicPolicy(stack: Stack, topicArn: string): Statement[] {
  const policies = stack
    .resources('AWS::SNS::TopicPolicy')
    .map(({ properties }) => topicPolicySchema.parse(properties));
  return policies
    .filter(({ Topics }) => Topics.includes(topicArn))
    .flatMap(({ PolicyDocument }) => parsePolicy(PolicyDocument));
}

const topicPolicySchema = z.strictObject({ PolicyDocument: z.unknown(), Topics: z.array(z.string()) });

/** Each permission as the statement that Lambda makes of it. */
export function functionPolicy(stack: Stack, functionArn: string): Statement[] {
  const permissions = stack
    .resources('AWS::Lambda::Permission')
    .map(({ properties }) => permissionSchema.parse(properties));
  return permissions
    .filter(({ FunctionName }) => FunctionName === functionArn)
    .map(({ Action, Principal, SourceArn }) =>
      parseStatement({
        Effect: 'Allow',
        Principal: { Service: Principal },
        Action,
        Resource: functionArn,
        Condition: { ArnLike: { 'aws:SourceArn': SourceArn } },
      }),
    );
}

const permissionSchema = z.strictObject({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string(),
});
