import { Stack } from 'aws-cdk-lib';
import { Alarm, type AlarmProps, ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmOptions extends Pick<AlarmProps, 'metric' | 'evaluationPeriods' | 'treatMissingData'> {
  /** What has happened, as a sentence. */
  readonly says: string;
  readonly topic: ITopic;
}

/**
 * Tells the topic where there is one of something. It is called as its owner is, whose id is a heading of docs/alarms.md,
 * after the stack and all that the owner lies in: two stacks, or two of ours in one, do not collide.
 */
export function addAlarm(owner: Construct, { says, topic, ...options }: AlarmOptions): void {
  const stack = Stack.of(owner);
  const path = owner.node.scopes.slice(stack.node.scopes.length).map(({ node }) => node.id);
  const alarm = new Alarm(owner, 'Alarm', {
    ...options,
    alarmName: [stack.stackName, ...path].join('-'),
    alarmDescription: `falkordb-backup: ${says} What to do: docs/alarms.md#${owner.node.id.toLowerCase()}`,
    threshold: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  });
  alarm.addAlarmAction(new SnsAction(topic));
}
