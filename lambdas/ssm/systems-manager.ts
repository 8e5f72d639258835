import type { SsmParameters } from '../../core/model/request-parameters.ts';

/** What the functions ask of AWS Systems Manager. */
export interface SystemsManager {
  /** Managed instances with the tag, those that are offline too. */
  findInstances(tagKey: string, tagValue: string): Promise<ManagedInstance[]>;
  /**
   * @returns the command's id
   * @throws command-refused, whose `retryable` tells whether trying again may help
   */
  sendCommand(command: CommandToSend): Promise<string>;
  /** Undefined where SSM does not know it (any more). */
  findCommand(commandId: string): Promise<SentCommand | undefined>;
  /** Undefined where SSM does not know it (yet). */
  findInvocation(commandId: string, instanceId: string): Promise<Invocation | undefined>;
}

export interface ManagedInstance {
  instanceId: string;
  /** PingStatus is Online. */
  isOnline: boolean;
  /** Of the SSM agent: 3.3.2746.0 */
  ssmAgentVersion: string;
}

export interface CommandToSend {
  document: string;
  instanceId: string;
  parameters: SsmParameters;
  /** The run id: SSM's events do not carry parameters. At most 100 characters. */
  comment: string;
}

export interface SentCommand {
  document: string;
  comment: string;
  parameters: Record<string, string[] | undefined>;
}

export interface Invocation {
  /** Success, Failed, TimedOut, DeliveryTimedOut, Undeliverable, Terminated, Cancelled, ... */
  statusDetails: string;
  /** Null where the script did not end by itself. */
  exitCode: number | null;
  /** The beginning of it: SSM cuts it at 8,000 characters. */
  stderr: string;
}
