import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Grant, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type FunctionName, functionCode } from '../function-code.ts';

export interface FunctionShape {
  readonly name: FunctionName;
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
  readonly environment: Record<string, string>;
  /** Of an asynchronous invocation that failed. */
  readonly retryAttempts: number;
  /** Where one ends that failed for good. */
  readonly deadLetters: IQueue;
}

/**
 * With a role and a log group of its own. None has a reserved concurrency: all of them bear to run twice at once, and an
 * account whose limit is still the ten of a new one cannot reserve any.
 */
export function backupFunction(
  scope: Construct,
  id: string,
  { name, deadLetters, retryAttempts, ...shape }: FunctionShape,
): LambdaFunction {
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  logGroup.grantWrite(role);
  Grant.addToPrincipal({ grantee: role, actions: ['sqs:SendMessage'], resourceArns: [deadLetters.queueArn] });
  return new LambdaFunction(scope, id, {
    ...shape,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: functionCode(name),
    role,
    logGroup,
    retryAttempts,
    // A backup that begins hours late helps nobody.
    maxEventAge: Duration.hours(1),
    // Not CDK's own destination: that one lets the function ask about the queue as well.
    onFailure: { bind: () => ({ destination: deadLetters.queueArn }) },
  });
}
