import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { type Operation, ServiceError } from './service-server.ts';
import { bindParameters, type Document, InvalidParameters } from './ssm-document.ts';
import {
  describeCommand,
  describeInstance,
  describeInvocation,
  describeSchema,
  getSchema,
  listSchema,
  type SentCommand,
  sendSchema,
  statusEvent,
} from './ssm-shapes.ts';
import { ACCOUNT } from './stack.ts';

/*
 * Systems Manager, for the four actions that the functions use, the one document of the stack, and one instance a
 * command. The shapes are those of its API reference; what is not understood is an error.
 */

/** The first that has `interpolationType` (https://aws.amazon.com/blogs/mt, "interpolating parameters into environment variables"). */
const FIRST_WITH_ENV_VAR = [3, 3, 2746, 0];

export interface SystemsManagerOptions {
  document: Document;
  documentName: string;
  hosts: Host[];
  /** Decides, as IAM does, on an action and the instance that it is about. */
  allows(role: string, action: string, host?: Host): boolean;
  /** Status events; SSM's own go to the default bus. */
  emit(event: unknown): void;
  /** Is told of work that goes on after an answer. */
  follow(work: Promise<void>): void;
}

export class SystemsManagerStandIn {
  readonly commands: SentCommand[] = [];
  readonly #options: SystemsManagerOptions;

  constructor(options: SystemsManagerOptions) {
    this.#options = options;
  }

  readonly operations: Record<string, Operation> = {
    'AmazonSSM.DescribeInstanceInformation': (input, role) => {
      this.#authorize(role, 'ssm:DescribeInstanceInformation');
      const [{ Key, Values }] = describeSchema.parse(input).Filters;
      const found = this.#options.hosts.filter(({ tags }) => tags[Key.slice('tag:'.length)] === Values[0]);
      return { InstanceInformationList: found.map(describeInstance) };
    },
    'AmazonSSM.SendCommand': (input, role) => {
      const { DocumentName, InstanceIds, Parameters, Comment = '' } = sendSchema.parse(input);
      const [instanceId] = InstanceIds;
      const host = this.#options.hosts.find((each) => each.instanceId === instanceId);
      this.#authorize(role, 'ssm:SendCommand', host);
      if (DocumentName !== this.#options.documentName) throw new ServiceError('InvalidDocument', '');
      if (!host?.isOnline) {
        const message = `Instances [[${instanceId}]] not in a valid state for account ${ACCOUNT}`;
        throw new ServiceError('InvalidInstanceId', message);
      }
      return { Command: describeCommand(this.#send(host, Parameters, Comment), this.#options.documentName) };
    },
    'AmazonSSM.ListCommands': (input, role) => {
      this.#authorize(role, 'ssm:ListCommands');
      const wanted = listSchema.parse(input).CommandId;
      const found = this.commands.filter((command) => command.commandId === wanted);
      if (found.length === 0) throw new ServiceError('InvalidCommandId', '');
      return { Commands: found.map((command) => describeCommand(command, this.#options.documentName)) };
    },
    'AmazonSSM.GetCommandInvocation': (input, role) => {
      this.#authorize(role, 'ssm:GetCommandInvocation');
      const { CommandId, InstanceId } = getSchema.parse(input);
      const found = this.commands.find((each) => each.commandId === CommandId && each.instanceId === InstanceId);
      // Right after a command was sent this is normal.
      if (!found || found.status === 'Pending') throw new ServiceError('InvocationDoesNotExist', '');
      return describeInvocation(found, this.#options.documentName);
    },
  };

  /** As the service does once a command was not delivered, or has not ended, in time. */
  timeOut(command: SentCommand): void {
    const isDelivered = command.status === 'InProgress';
    command.kill?.();
    this.#change(command, 'TimedOut', isDelivered ? 'ExecutionTimedOut' : 'DeliveryTimedOut');
  }

  /** Runs the document's script as the agent of the host does; its /etc is a folder of ours. */
  run(host: Host, env: Record<string, string>): ReturnType<Host['run']> {
    const [step] = this.#options.document.mainSteps;
    const isOld = compare(host.ssmAgentVersion.split('.').map(Number), FIRST_WITH_ENV_VAR) < 0;
    const script = step?.inputs.runCommand.join('\n') ?? '';
    return host.run(script.replaceAll('/etc/falkordb-backup', join(host.folder, 'etc')), isOld ? {} : env);
  }

  #send(host: Host, parameters: Record<string, string[]>, comment: string): SentCommand {
    const env = this.#bind(parameters);
    const command: SentCommand = {
      commandId: randomUUID(),
      instanceId: host.instanceId,
      comment,
      parameters,
      requestedAt: new Date(),
      status: 'Pending',
      statusDetails: 'Pending',
    };
    this.commands.push(command);
    if (!host.isSilent) this.#options.follow(this.#execute(command, host, env));
    return command;
  }

  #bind(parameters: Record<string, string[]>): Record<string, string> {
    try {
      return bindParameters(this.#options.document, parameters);
    } catch (error) {
      throw error instanceof InvalidParameters ? new ServiceError('InvalidParameters', error.message) : error;
    }
  }

  async #execute(command: SentCommand, host: Host, env: Record<string, string>): Promise<void> {
    // The answer of SendCommand is out before anything happens.
    await new Promise((resolve) => setTimeout(resolve, 10));
    this.#change(command, 'InProgress');
    const { end, kill } = this.run(host, env);
    command.kill = kill;
    const ended = await end;
    if (command.status !== 'InProgress') return;
    command.end = ended;
    this.#change(command, ended.exitCode === 0 ? 'Success' : 'Failed');
  }

  #change(command: SentCommand, status: SentCommand['status'], details: string = status): void {
    Object.assign(command, { status, statusDetails: details });
    this.#options.emit(statusEvent(command, this.#options.documentName));
  }

  #authorize(role: string, action: string, host?: Host): void {
    if (this.#options.allows(role, action, host)) return;
    throw new ServiceError('AccessDeniedException', `${role} is not authorized to perform: ${action}`);
  }
}

function compare(version: number[], other: number[]): number {
  const position = other.findIndex((part, index) => part !== version[index]);
  return position < 0 ? 0 : (version[position] ?? 0) - (other[position] ?? 0);
}
