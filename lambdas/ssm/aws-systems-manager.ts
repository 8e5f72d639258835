import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  type InstanceInformation,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { BackupError } from '../../core/model/errors.ts';
import { noAnswer, ssmError } from './ssm-errors.ts';
import type { CommandToSend, Invocation, ManagedInstance, SentCommand, SystemsManager } from './systems-manager.ts';

/** How long SSM tries to hand a command to the host. A backup that is much later than it was due helps nobody. */
export const DELIVERY_TIMEOUT_SECONDS = 600;

/** The service allows few requests a second. With the SDK's own back-off some 20 s pass before one is given up. */
const MAX_ATTEMPTS = 6;
const CONNECT_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_MS = 15_000;

/** The most that the service gives at once. */
const PAGE_INSTANCES = 50;
const MAX_PAGES = 20;
const MAX_COMMENT_CHARS = 100;

export interface AwsSystemsManagerOptions {
  /** By default the SDK's own sources: AWS_ENDPOINT_URL_SSM, or AWS itself. */
  endpoint?: string;
  /** By default the SDK's own sources: AWS_REGION. */
  region?: string;
  maxAttempts?: number;
  /** Of each call of a method, with all its attempts; without a bound by default. */
  callTimeoutMs?: number;
}

/** Every method throws command-refused where the service does not do what it was asked. */
export class AwsSystemsManager implements SystemsManager {
  readonly #client: SSMClient;
  readonly #callTimeoutMs: number | undefined;

  constructor({ callTimeoutMs, ...options }: AwsSystemsManagerOptions = {}) {
    this.#callTimeoutMs = callTimeoutMs;
    this.#client = new SSMClient({
      maxAttempts: MAX_ATTEMPTS,
      ...options,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: ANSWER_TIMEOUT_MS },
    });
  }

  async findInstances(tagKey: string, tagValue: string): Promise<ManagedInstance[]> {
    const action = `look for instances with the tag ${tagKey}=${tagValue}`;
    const found: ManagedInstance[] = [];
    let next: string | undefined;
    const bound = this.#bound();
    for (let page = 1; page <= MAX_PAGES; page++) {
      const command = new DescribeInstanceInformationCommand({
        Filters: [{ Key: `tag:${tagKey}`, Values: [tagValue] }],
        MaxResults: PAGE_INSTANCES,
        NextToken: next,
      });
      const answer = await attempt(action, bound, () => this.#client.send(command, bound));
      // A page may be empty, and others follow.
      found.push(...(answer.InstanceInformationList ?? []).flatMap(toInstance));
      next = answer.NextToken;
      if (!next) return found;
    }
    throw new BackupError('command-refused', `Cannot ${action}: there are more than ${MAX_PAGES} pages of them.`, {
      hint: 'Give each target a tag value of its own: one instance has it.',
    });
  }

  /** Where an answer is lost the SDK sends again: the agent leaves the second one of a run alone. */
  async sendCommand({ document, instanceId, parameters, comment }: CommandToSend): Promise<string> {
    const action = `send a command to ${instanceId}`;
    const command = new SendCommandCommand({
      DocumentName: document,
      InstanceIds: [instanceId],
      Parameters: parameters,
      Comment: comment.slice(0, MAX_COMMENT_CHARS),
      // Of the delivery; that of the execution is the document's.
      TimeoutSeconds: DELIVERY_TIMEOUT_SECONDS,
    });
    const { Command } = await attempt(action, this.#bound(), (bound) => this.#client.send(command, bound));
    if (Command?.CommandId) return Command.CommandId;
    throw new BackupError('command-refused', `Cannot ${action}: the service answered without a command id.`, {
      retryable: true,
    });
  }

  async findCommand(commandId: string): Promise<SentCommand | undefined> {
    const request = new ListCommandsCommand({ CommandId: commandId });
    const answer = await attempt(`look up the command ${commandId}`, this.#bound(), (bound) =>
      unlessNamed(['InvalidCommandId'], () => this.#client.send(request, bound)),
    );
    const [found] = answer?.Commands ?? [];
    if (!found) return undefined;
    const { DocumentName: document = '', Comment: comment = '', Parameters: parameters = {} } = found;
    return { document, comment, parameters };
  }

  async findInvocation(commandId: string, instanceId: string): Promise<Invocation | undefined> {
    const request = new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId });
    const found = await attempt(`look up the command ${commandId} on ${instanceId}`, this.#bound(), (bound) =>
      unlessNamed(['InvocationDoesNotExist', 'InvalidCommandId'], () => this.#client.send(request, bound)),
    );
    if (!found) return undefined;
    const { ResponseCode = -1, StatusDetails = '', StandardErrorContent: stderr = '' } = found;
    // -1 where the script did not begin, or did not end by itself.
    return { statusDetails: StatusDetails, exitCode: ResponseCode < 0 ? null : ResponseCode, stderr };
  }

  #bound(): Bound {
    return this.#callTimeoutMs === undefined ? {} : { abortSignal: AbortSignal.timeout(this.#callTimeoutMs) };
  }
}

interface Bound {
  abortSignal?: AbortSignal;
}

async function attempt<T>(action: string, bound: Bound, send: (bound: Bound) => Promise<T>): Promise<T> {
  try {
    return await send(bound);
  } catch (error) {
    throw bound.abortSignal?.aborted ? noAnswer(error, action) : ssmError(error, action);
  }
}

async function unlessNamed<T>(names: string[], send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && names.includes(error.name)) return undefined;
    throw error;
  }
}

function toInstance({ InstanceId, PingStatus, AgentVersion = '' }: InstanceInformation): ManagedInstance[] {
  if (!InstanceId) return [];
  return [{ instanceId: InstanceId, isOnline: PingStatus === 'Online', ssmAgentVersion: AgentVersion }];
}
