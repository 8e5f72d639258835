import { BackupError } from '../../core/model/errors.ts';
import { OLDEST_SSM_AGENT } from '../../core/model/function-settings.ts';
import type { ManagedInstance } from '../ssm/systems-manager.ts';

const MAX_NAMES = 5;

/**
 * The one instance whose agent stands beside the target's FalkorDB.
 * @param tag what the instances were looked for by: `falkordb-backup-target=shop`
 * @throws command-refused, naming what is missing
 */
export function chooseInstance(target: string, tag: string, instances: ManagedInstance[]): ManagedInstance {
  if (instances.length === 0) {
    throw refusal(
      `No managed instance has the tag ${tag}: target ${target} cannot be reached.`,
      `Tag the instance that runs its FalkorDB with ${tag}, and see that its SSM agent runs and its role lets it (docs/install-agent.md).`,
    );
  }
  const online = instances.filter(({ isOnline }) => isOnline);
  const [chosen, ...others] = online;
  if (!chosen) {
    throw refusal(
      `Target ${target} cannot be reached: the ping status of ${namesOf(instances)} is not Online.`,
      'Start the instance, or its SSM agent ("systemctl start amazon-ssm-agent"), and see that it reaches Systems Manager.',
    );
  }
  if (others.length > 0) {
    throw refusal(
      `Target ${target} is ambiguous: ${namesOf(online)} have the tag ${tag}, and a target is one FalkorDB.`,
      'Leave the tag on one of them, or name a target for each.',
    );
  }
  if (isOlder(chosen.ssmAgentVersion, OLDEST_SSM_AGENT)) {
    throw refusal(
      `The SSM agent of ${chosen.instanceId} (target ${target}) is ${chosen.ssmAgentVersion || 'of an unknown version'}; requests need ${OLDEST_SSM_AGENT}.`,
      'Update it: Systems Manager, Run Command, AWS-UpdateSSMAgent.',
    );
  }
  return chosen;
}

/** Versions are numbers joined by dots; what is no number counts as the oldest. */
function isOlder(version: string, than: string): boolean {
  const [own, other] = [partsOf(version), partsOf(than)];
  const position = other.findIndex((part, index) => part !== own[index]);
  return position >= 0 && (own[position] ?? 0) < (other[position] ?? 0);
}

function partsOf(version: string): number[] {
  return version.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : -1));
}

function namesOf(instances: ManagedInstance[]): string {
  const names = instances.map(({ instanceId }) => instanceId).toSorted();
  const more = names.length > MAX_NAMES ? [`and ${names.length - MAX_NAMES} more`] : [];
  return [...names.slice(0, MAX_NAMES), ...more].join(', ');
}

function refusal(message: string, hint: string): BackupError {
  return new BackupError('command-refused', message, { hint });
}
