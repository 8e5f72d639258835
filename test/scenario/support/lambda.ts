import type { Access } from './access.ts';
import { type Datapoint, datapointsIn } from './alarms.ts';
import { asyncConfigOf, FUNCTIONS, type FunctionName, functionResource } from './deployed.ts';
import { type DeployedFunction, deployFunction, type Invocation, runFunction } from './functions.ts';
import type { PendingWork } from './pending-work.ts';
import type { Stack } from './stack.ts';

/** One that nobody waited for. */
export interface AsyncInvocation {
  name: FunctionName;
  event: unknown;
  attempts: Invocation[];
}

export interface LambdaOptions {
  stack: Stack;
  /** The folder that the template was synthesised into. */
  assets: string;
  access: Access;
  work: PendingWork;
  /** Where the services are for a function. */
  endpointsOf(name: FunctionName): Record<string, string>;
  /** Is told of what functions measure, and of how full queues are. */
  measure(datapoint: Datapoint): void;
}

/** Lambda, with the functions of the stack. */
export class LambdaStandIn {
  readonly functions: ReadonlyMap<FunctionName, DeployedFunction>;
  readonly asyncInvocations: AsyncInvocation[] = [];
  /** What was sent to each queue, by its ARN. */
  readonly queues = new Map<string, unknown[]>();
  /** How much the clock of the functions is ahead of ours. */
  clockOffsetMs = 0;
  readonly #options: LambdaOptions;

  constructor(options: LambdaOptions) {
    const { stack, assets } = options;
    this.#options = options;
    this.functions = new Map(
      FUNCTIONS.map((name) => [name, deployFunction(stack, assets, functionResource(stack, name))]),
    );
  }

  async invoke(name: FunctionName, payload: unknown): Promise<Invocation> {
    const deployed = this.functions.get(name);
    if (!deployed) throw new Error(`There is no function ${name}`);
    const { endpointsOf, measure } = this.#options;
    const invocation = await runFunction(deployed, payload, endpointsOf(name), this.clockOffsetMs);
    for (const datapoint of datapointsIn(invocation.log)) measure(datapoint);
    return invocation;
  }

  /** What Lambda waits between two attempts is left out. */
  invokeLater(functionArn: string, event: unknown): void {
    const { stack, access, work } = this.#options;
    const [name, deployed] = [...this.functions].find(([, { arn }]) => arn === functionArn) ?? [];
    if (!name || !deployed) throw new Error(`There is no function ${functionArn}`);
    const { retries, queueArn } = asyncConfigOf(stack, deployed.name);
    const invocation: AsyncInvocation = { name, event, attempts: [] };
    this.asyncInvocations.push(invocation);
    const attempt = async () => {
      while (invocation.attempts.length <= retries) {
        const done = await this.invoke(name, event);
        invocation.attempts.push(done);
        if (!done.error) return;
      }
      const asked = { action: 'sqs:SendMessage', resource: queueArn, context: {} };
      if (access.allows(name, asked)) this.#enqueue(queueArn, event);
    };
    work.follow(attempt());
  }

  #enqueue(queueArn: string, event: unknown): void {
    const queue = [...(this.queues.get(queueArn) ?? []), event];
    this.queues.set(queueArn, queue);
    const dimensions = { QueueName: queueArn.split(':').at(-1) ?? '' };
    for (const [name, value] of [
      ['NumberOfMessagesSent', 1],
      ['ApproximateNumberOfMessagesVisible', queue.length],
    ] as const)
      this.#options.measure({ namespace: 'AWS/SQS', name, dimensions, value });
  }
}
