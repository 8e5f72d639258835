import { Duration, Validations } from 'aws-cdk-lib';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { addAlarm } from './alarm.ts';

/** Where schedules, events and invocations end that could not be dealt with; somebody is told when there is one. */
export class DeadLetters extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { topic }: { topic: ITopic }) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      // Not with the key that SQS has by default in KMS: EventBridge may not use that one.
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    addAlarm(this, {
      says: `something failed for good and lies in the queue ${this.queue.queueName}.`,
      topic,
      // Not how many lie there: one would keep the alarm up for all its days, and nobody would hear of the next.
      metric: this.queue.metricNumberOfMessagesSent({ period: Duration.minutes(5), statistic: 'Sum' }),
      evaluationPeriods: 1,
      // A queue that nobody uses has no metrics.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    Validations.of(this.queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue of everything else here, and nothing receives from it by itself.',
    });
  }
}
