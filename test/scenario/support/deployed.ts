import { z } from 'zod';
import { parsePolicy, type Statement } from '../../support/iam.ts';
import { statementsOf } from './access.ts';
import type { Resource, Stack } from './stack.ts';

/* Where in the template the parts lie that the scenarios need. */

export const FUNCTIONS = ['start-backup', 'restore', 'prune', 'track-command', 'watchdog', 'notify'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

const OUTPUTS: Record<FunctionName, string> = {
  'start-backup': 'StartBackupFunction',
  restore: 'RestoreFunction',
  prune: 'PruneFunction',
  'track-command': 'TrackCommandFunction',
  watchdog: 'WatchdogFunction',
  notify: 'NotifyFunction',
};

export function functionResource(stack: Stack, name: FunctionName): Resource {
  const functionName = stack.output(OUTPUTS[name]);
  return stack.only('AWS::Lambda::Function', (resource) => stack.nameOf(resource) === functionName);
}

const eventInvokeSchema = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.int(),
  MaximumEventAgeInSeconds: z.int(),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }),
});

/** What Lambda does with an invocation that nobody waits for: how often again, and then to which queue. */
export function asyncConfigOf(stack: Stack, functionName: string): { retries: number; queueArn: string } {
  const configs = stack
    .resources('AWS::Lambda::EventInvokeConfig')
    .map(({ properties }) => eventInvokeSchema.parse(properties));
  const found = configs.find(({ FunctionName }) => FunctionName === functionName);
  if (!found) throw new Error(`${functionName} has no configuration for asynchronous invocations`);
  return { retries: found.MaximumRetryAttempts, queueArn: found.DestinationConfig.OnFailure.Destination };
}

const scheduleSchema = z.looseObject({
  State: z.literal('ENABLED').default('ENABLED'),
  Target: z.looseObject({ Arn: z.string(), RoleArn: z.string(), Input: z.string() }),
});

export interface DueSchedule {
  functionArn: string;
  input: unknown;
  roleArn: string;
  identity: Statement[];
}

/** What EventBridge Scheduler does when the schedule is due. @param name of the tier, `prune` or `watchdog` */
export function dueSchedule(stack: Stack, name: string, time: Date): DueSchedule {
  const { properties } = stack.only('AWS::Scheduler::Schedule', ({ metadata }) => pathOf(metadata).includes(name));
  const { Arn: functionArn, RoleArn: roleArn, Input } = scheduleSchema.parse(properties).Target;
  const input = Input.replaceAll('<aws.scheduler.scheduled-time>', `${time.toISOString().slice(0, 19)}Z`);
  const strange = /<aws\.[^>]*>/.exec(input)?.[0];
  if (strange) throw new Error(`Not understood: ${strange} in the input of the schedule ${name}`);
  return { functionArn, input: JSON.parse(input), roleArn, identity: statementsOf(stack, roleArn) };
}

/** Of the policy for the role of a target's host, which docs/install-agent.md finds in the same way. */
export function agentStatementsOf(stack: Stack, target: string): Statement[] {
  const policyArn = stack.output(`Policy of the agent of ${target}`);
  return parsePolicy(stack.only('AWS::IAM::ManagedPolicy', ({ arn }) => arn === policyArn).properties.PolicyDocument);
}

function pathOf(metadata: Record<string, unknown>): string[] {
  return z.string().parse(metadata['aws:cdk:path']).split('/');
}
