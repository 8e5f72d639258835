import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { FalkorDbBackup } from './constructs/falkordb-backup.ts';
import type { FalkorDbBackupProps } from './props.ts';

/** The construct in a stack of its own, which says what people and scripts need of it. */
export class BackupStack extends Stack {
  readonly backup: FalkorDbBackup;

  constructor(scope: Construct, id: string, { backup, ...props }: StackProps & { backup: FalkorDbBackupProps }) {
    super(scope, id, props);
    this.backup = new FalkorDbBackup(this, 'Backup', backup);
    const { bucket, storeUrl, eventBus, document, topic, deadLetters, functions, agentPolicies } = this.backup;
    this.#tell('BucketName', bucket.bucketName, 'Where backups are kept');
    this.#tell('StoreUrl', storeUrl, 'BACKUP_STORE of the agents');
    this.#tell('EventBusName', eventBus.eventBusName, 'BACKUP_EVENT_BUS of the agents');
    this.#tell('DocumentName', document.documentName, 'SSM document that runs an agent');
    this.#tell('TopicArn', topic.topicArn, 'Gets what people have to know');
    this.#tell('DeadLetterQueueUrl', deadLetters.queueUrl, 'What could not be dealt with');
    this.#tell('StartBackupFunction', functions.startBackup.functionName, 'Asks agents for backups');
    this.#tell('RestoreFunction', functions.restore.functionName, 'Lists backups; plans and starts restores');
    this.#tell('PruneFunction', functions.prune.functionName, 'Removes what is no longer kept');
    this.#tell('WatchdogFunction', functions.watchdog.functionName, 'Looks for what is overdue');
    this.#tell('NotifyFunction', functions.notify.functionName, 'Tells people');
    this.#tell('TrackCommandFunction', functions.trackCommand.functionName, 'Says what agents could not');
    // Below one of their own: names of targets with dashes make no logical ids, and "a-b" and "ab" would make the same.
    const policies = new Construct(this, 'AgentPolicyArn');
    for (const [target, { managedPolicyArn }] of Object.entries(agentPolicies)) {
      new CfnOutput(policies, target, { value: managedPolicyArn, description: `Policy of the agent of ${target}` });
    }
  }

  #tell(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description });
  }
}
