import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { type IEventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../../core/model/events.ts';

export interface Listeners {
  /** Hears of every event, and knows what people and webhooks want to know of. */
  readonly notify: IFunction;
  readonly deadLetters: IQueue;
}

/** How people hear of what they have to know. */
export class Alerts extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { emails }: { emails: readonly string[] }) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { displayName: 'falkordb-backup', enforceSSL: true });
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));
    // A topic with a policy of its own has lost the default one, which lets the account's alarms in.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    Validations.of(this.topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        'Messages name targets, times and errors and hold no secret; the key that SNS has by default would keep the alarms of CloudWatch out.',
    });
  }

  listenOn(bus: IEventBus, { notify, deadLetters }: Listeners): void {
    new Rule(this, 'Events', {
      description: 'What happens to backups and restores of FalkorDB',
      eventBus: bus,
      eventPattern: { source: [EVENT_SOURCE] },
      targets: [
        new LambdaFunction(notify, {
          deadLetterQueue: deadLetters,
          // By default EventBridge tries for a day, and 185 times.
          maxEventAge: Duration.hours(1),
          retryAttempts: 20,
        }),
      ],
    });
  }
}
