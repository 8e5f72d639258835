import { Duration, Stack } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { encodeFunctionSettings } from '../../core/model/function-settings.ts';
import { RETENTION_SETTINGS, type RetentionSettingName } from '../../core/model/retention-settings.ts';
import {
  notifyStatements,
  restoreFunctionStatements,
  startBackupStatements,
  trackCommandStatements,
  watchdogStatements,
} from '../../core/model/s3-policies.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import type { BackupOptions } from '../props.ts';
import type { AgentDocument } from './agent-document.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { BackupBucket } from './backup-bucket.ts';
import { backupFunction, type FunctionShape } from './backup-function.ts';

export interface BackupFunctionsProps {
  readonly options: BackupOptions;
  readonly store: BackupBucket;
  readonly document: AgentDocument;
  readonly policy: AgentPolicy;
  readonly bus: IEventBus;
  readonly topic: ITopic;
  readonly deadLetters: IQueue;
}

/** All functions, with their rights. */
export class BackupFunctions extends Construct {
  readonly startBackup: LambdaFunction;
  readonly restore: LambdaFunction;
  readonly prune: LambdaFunction;
  readonly trackCommand: LambdaFunction;
  readonly watchdog: LambdaFunction;
  readonly notify: LambdaFunction;

  constructor(scope: Construct, id: string, props: BackupFunctionsProps) {
    super(scope, id);
    const { options, store, document, policy, bus, topic, deadLetters } = props;
    const create = (functionId: string, shape: Omit<FunctionShape, 'deadLetters'>) =>
      backupFunction(this, functionId, { ...shape, deadLetters });
    const telling = { store: store.storeUrl, eventBus: bus.eventBusName };
    const sending = { ...telling, document: document.documentName, targetTag: options.targetTag };
    this.startBackup = create('StartBackup', {
      name: 'start-backup',
      description: 'Asks the agents of FalkorDB targets for a backup',
      timeout: Duration.minutes(5),
      memorySize: 512,
      environment: encodeFunctionSettings(sending),
      retryAttempts: 2,
    });
    this.restore = create('Restore', {
      name: 'restore',
      description: 'Lists backups of FalkorDB targets, and plans, starts and recovers restores',
      // Who invokes it gives up after a minute, and invokes it again.
      timeout: Duration.seconds(50),
      memorySize: 512,
      environment: encodeFunctionSettings(sending),
      // Asking for a restore again would be asking for another one.
      retryAttempts: 0,
    });
    this.prune = create('Prune', {
      name: 'prune',
      description: 'Removes backups of FalkorDB targets that are no longer kept',
      timeout: Duration.minutes(15),
      memorySize: 1024,
      environment: {
        ...encodeFunctionSettings(telling),
        ...retentionSettings(options),
      },
      retryAttempts: 2,
    });
    this.trackCommand = create('TrackCommand', {
      name: 'track-command',
      description: 'Says of commands to agents what these could not: that they failed',
      timeout: Duration.minutes(2),
      memorySize: 512,
      environment: encodeFunctionSettings(sending),
      retryAttempts: 2,
    });
    this.watchdog = create('Watchdog', {
      name: 'watchdog',
      description: 'Looks for backups of FalkorDB targets that should have been made and were not',
      timeout: Duration.minutes(15),
      memorySize: 512,
      environment: encodeFunctionSettings(telling),
      retryAttempts: 2,
    });
    const { webhooksParameter, allowPrivateWebhooks } = options.alerts;
    this.notify = create('Notify', {
      name: 'notify',
      description: 'Tells people, by a topic and by webhooks, of backups and restores of FalkorDB targets',
      timeout: Duration.minutes(2),
      memorySize: 512,
      environment: encodeFunctionSettings({
        store: store.storeUrl,
        topicArn: topic.topicArn,
        ...{ webhooksParameter, allowPrivateWebhooks },
        startBackupFunction: this.startBackup.functionName,
        restoreFunction: this.restore.functionName,
      }),
      retryAttempts: 2,
    });

    store.grant(this.startBackup, startBackupStatements);
    store.grant(this.restore, restoreFunctionStatements);
    store.grant(this.trackCommand, trackCommandStatements);
    store.grant(this.watchdog, watchdogStatements);
    store.grant(this.notify, notifyStatements);
    policy.grantPrune(this.prune);
    policy.grantTell(this.watchdog);
    topic.grantPublish(this.notify);
    if (webhooksParameter !== undefined) this.#grantRead(this.notify, webhooksParameter);
    for (const sender of [this.startBackup, this.restore, this.trackCommand]) {
      document.grantSend(sender);
      document.grantFindInstances(sender);
      policy.grantTell(sender);
    }
    document.grantFindCommands(this.trackCommand);
  }

  /** The policy of the key that SSM has by default lets everybody use it who may read the parameter. */
  #grantRead(grantee: LambdaFunction, parameter: string): void {
    const resourceName = parameter.replace(/^\//, '');
    const arn = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
    Grant.addToPrincipal({ grantee, actions: ['ssm:GetParameter'], resourceArns: [arn] });
  }
}

function retentionSettings({ retention, timeZone }: BackupOptions): Record<string, string> {
  const values: Record<RetentionSettingName, number | string> = {
    retentionDays: retention.days,
    retentionWeekly: retention.weekly,
    retentionMonthly: retention.monthly,
    retentionSnapshot: retention.snapshot,
    retentionManual: retention.manual,
    retentionPreRestore: retention.preRestore,
    retentionMinimum: retention.minimum,
    retentionRunsDays: retention.runsDays,
    retentionTimeZone: timeZone,
  };
  return Object.fromEntries(RETENTION_SETTINGS.map((name) => [SETTINGS[name].env, String(values[name])]));
}
