import type {
  CommandToSend,
  Invocation,
  ManagedInstance,
  SentCommand,
  SystemsManager,
} from '../../lambdas/ssm/systems-manager.ts';

/** Knows the instances it is given by the value of their tag, and what was sent through it. */
export class FakeSystemsManager implements SystemsManager {
  /** By tag value. */
  readonly instances = new Map<string, ManagedInstance[]>();
  readonly sent: (CommandToSend & { commandId: string })[] = [];
  /** By command id and instance id, joined by a blank. */
  readonly invocations = new Map<string, Invocation>();
  /** Thrown in place of sending to this target's instances, by tag value. */
  readonly refusals = new Map<string, Error>();
  /** Every tag that was looked for. */
  readonly tagsSought: string[] = [];

  /** One instance that takes commands; its id. */
  addInstance(target: string, facts: Partial<ManagedInstance> = {}): string {
    const known = this.instances.get(target) ?? [];
    const instanceId = facts.instanceId ?? `i-${target}-${known.length + 1}`;
    this.instances.set(target, [...known, { isOnline: true, ssmAgentVersion: '3.3.4000.0', ...facts, instanceId }]);
    return instanceId;
  }

  async findInstances(tagKey: string, tagValue: string): Promise<ManagedInstance[]> {
    this.tagsSought.push(`${tagKey}=${tagValue}`);
    return this.instances.get(tagValue) ?? [];
  }

  async sendCommand(command: CommandToSend): Promise<string> {
    const [target = ''] = [...this.instances].find(([, known]) => known.some(isWithId(command.instanceId))) ?? [];
    const refusal = this.refusals.get(target);
    if (refusal) throw refusal;
    const commandId = `command-${this.sent.length + 1}`;
    this.sent.push({ ...command, commandId });
    return commandId;
  }

  async findCommand(commandId: string): Promise<SentCommand | undefined> {
    const found = this.sent.find((command) => command.commandId === commandId);
    return found && { document: found.document, comment: found.comment, parameters: found.parameters };
  }

  async findInvocation(commandId: string, instanceId: string): Promise<Invocation | undefined> {
    return this.invocations.get(`${commandId} ${instanceId}`);
  }
}

function isWithId(id: string): (instance: ManagedInstance) => boolean {
  return ({ instanceId }) => instanceId === id;
}
