import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/**
 * Of what has not ended, and of what the agent itself speaks. A list of those of failures would have to know each way in
 * which SSM writes them ("TimedOut", "Delivery Timed Out").
 */
const NOT_TOLD = ['Pending', 'InProgress', 'In Progress', 'Delayed', 'Cancelling', 'Success'];

export interface CommandTrackingProps {
  readonly documentName: string;
  readonly trackCommand: IFunction;
  readonly deadLetters: IQueue;
}

/** Tells the function of commands of our document that ended badly. SSM speaks on the default bus only. */
export class CommandTracking extends Construct {
  constructor(scope: Construct, id: string, { documentName, trackCommand, deadLetters }: CommandTrackingProps) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: 'Commands to agents of falkordb-backup that did not end well',
      eventPattern: {
        source: ['aws.ssm'],
        detailType: ['EC2 Command Invocation Status-change Notification'],
        detail: { 'document-name': [documentName], status: Match.anythingBut(...NOT_TOLD) },
      },
      targets: [new LambdaFunction(trackCommand, { deadLetterQueue: deadLetters })],
    });
  }
}
