import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BackupError } from '../../core/model/errors.ts';
import { EVENT_SOURCE } from '../../core/model/events.ts';
import { agentStatements, backupStatements, pruneStatements, restoreStatements } from '../../core/model/s3-policies.ts';
import { targetSchema } from '../../core/model/target.ts';
import type { BackupBucket } from './backup-bucket.ts';

export interface AgentPolicyProps {
  readonly targets: readonly string[];
  readonly store: BackupBucket;
  readonly bus: IEventBus;
}

/** What those may who do the work: the agents, by a managed policy each, and whoever is granted it. */
export class AgentPolicy extends Construct {
  /** By target, for the role of the instance beside it: backup and restore of that target alone. */
  readonly managedPolicies: Readonly<Record<string, ManagedPolicy>>;
  readonly #store: BackupBucket;
  readonly #bus: IEventBus;

  constructor(scope: Construct, id: string, { targets, store, bus }: AgentPolicyProps) {
    super(scope, id);
    this.#store = store;
    this.#bus = bus;
    this.managedPolicies = Object.fromEntries(targets.map((target) => [target, this.#policyOf(target)]));
  }

  /** @throws invalid-argument where it is no name of a target */
  grantBackup(grantee: IGrantable, target: string): Grant {
    const known = targetName(target);
    return this.#store.grant(grantee, (scope) => backupStatements(scope, known)).combine(this.grantTell(grantee));
  }

  /**
   * @param from whose backups are restored into the target
   * @throws invalid-argument where one of them is no name of a target
   */
  grantRestore(grantee: IGrantable, target: string, from = target): Grant {
    const [known, source] = [targetName(target), targetName(from)];
    return this.#store
      .grant(grantee, (scope) => restoreStatements(scope, known, source))
      .combine(this.grantTell(grantee));
  }

  grantPrune(grantee: IGrantable): Grant {
    return this.#store.grant(grantee, pruneStatements).combine(this.grantTell(grantee));
  }

  /** To say on the bus what has happened, in our own name. */
  grantTell(grantee: IGrantable): Grant {
    const { actions, resources: resourceArns, conditions } = tellingOn(this.#bus);
    return Grant.addToPrincipal({ grantee, actions, resourceArns, conditions });
  }

  #policyOf(target: string): ManagedPolicy {
    return new ManagedPolicy(this, target, {
      description: `The agent of target ${target}: its backups and restores`,
      statements: [
        ...this.#store.statements((scope) => agentStatements(scope, target)),
        new PolicyStatement({ sid: 'TellEvents', ...tellingOn(this.#bus) }),
      ],
    });
  }
}

function tellingOn(bus: IEventBus) {
  return {
    actions: ['events:PutEvents'],
    resources: [bus.eventBusArn],
    conditions: { StringEquals: { 'events:source': EVENT_SOURCE } },
  };
}

function targetName(name: string): string {
  const parsed = targetSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new BackupError('invalid-argument', `"${name}" is no name of a target.`, {
    hint: 'It is 1 to 63 lower-case letters, digits and dashes, as in the property "targets".',
  });
}
