import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable, IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseOptions } from '../options.ts';
import type { FalkorDbBackupProps } from '../props.ts';
import { AgentDocument } from './agent-document.ts';
import { AgentPolicy } from './agent-policy.ts';
import { Alerts } from './alerts.ts';
import { BackupBucket } from './backup-bucket.ts';
import { CommandTracking } from './command-tracking.ts';
import { DeadLetters } from './dead-letters.ts';
import { BackupFunctions } from './functions.ts';
import { OverdueAlarm } from './overdue-alarm.ts';
import { Schedules } from './schedules.ts';
import { acknowledgeWildcards } from './wildcards.ts';

/**
 * Backups of FalkorDB on AWS: a bucket, schedules, the functions they call, and the SSM document by which these reach the
 * agents beside the databases.
 */
export class FalkorDbBackup extends Construct {
  /** Stays when the stack is deleted. */
  readonly bucket: Bucket;
  /** Of the store, as the agents' BACKUP_STORE takes it. */
  readonly storeUrl: string;
  /** The SSM document that runs an agent. */
  readonly document: { readonly documentName: string; readonly documentArn: string };
  readonly functions: {
    readonly startBackup: IFunction;
    readonly restore: IFunction;
    readonly prune: IFunction;
    readonly trackCommand: IFunction;
    readonly watchdog: IFunction;
    readonly notify: IFunction;
  };
  /** Is told of backups and restores: BACKUP_EVENT_BUS of the agents. */
  readonly eventBus: IEventBus;
  /** Gets what people have to know. */
  readonly topic: Topic;
  /** Where schedules, events and invocations end that could not be dealt with. */
  readonly deadLetters: Queue;
  /** By target, for the role of the instance beside it. */
  readonly agentPolicies: Readonly<Record<string, IManagedPolicy>>;
  readonly #policy: AgentPolicy;

  /** @throws BackupError (invalid-settings), naming every property that is wrong and what it has to be */
  constructor(scope: Construct, id: string, props: FalkorDbBackupProps) {
    super(scope, id);
    const options = parseOptions(props);
    const bus = EventBus.fromEventBusName(this, 'Bus', options.eventBusName);
    this.eventBus = bus;
    const alerts = new Alerts(this, 'Alerts', options.alerts);
    const { queue: deadLetters } = new DeadLetters(this, 'DeadLetters', alerts);
    const store = new BackupBucket(this, 'Store', options.bucket);
    const document = new AgentDocument(this, 'Agent', options);
    const policy = new AgentPolicy(this, 'AgentPolicies', { targets: options.targets, store, bus });
    const { topic } = alerts;
    const functions = new BackupFunctions(this, 'Functions', {
      ...{ options, store, document, policy, bus, topic, deadLetters },
    });
    alerts.listenOn(bus, { notify: functions.notify, deadLetters });
    new OverdueAlarm(this, 'Overdue', { watchdog: functions.watchdog, topic });
    new Schedules(this, 'Schedules', { options, functions, deadLetters });
    const { documentName } = document;
    new CommandTracking(this, 'Commands', { documentName, trackCommand: functions.trackCommand, deadLetters });
    this.bucket = store.bucket;
    this.storeUrl = store.storeUrl;
    this.document = document;
    this.functions = functions;
    this.topic = topic;
    this.deadLetters = deadLetters;
    this.agentPolicies = policy.managedPolicies;
    this.#policy = policy;
    acknowledgeWildcards(this);
  }

  /**
   * What backups of a target need, with verify, list and status.
   * @throws BackupError (invalid-argument) where it is no name of a target
   */
  grantBackup(grantee: IGrantable, target: string): Grant {
    return this.#policy.grantBackup(grantee, target);
  }

  /**
   * What a restore into a target needs, with the safety backup that it makes first.
   * @param options.from whose backups are restored, where they are not the target's own
   * @throws BackupError (invalid-argument) where one of them is no name of a target
   */
  grantRestore(grantee: IGrantable, target: string, options: { readonly from?: string | undefined } = {}): Grant {
    return this.#policy.grantRestore(grantee, target, options.from);
  }

  /** What the removal of what is no longer kept needs, of all targets. */
  grantPrune(grantee: IGrantable): Grant {
    return this.#policy.grantPrune(grantee);
  }
}
