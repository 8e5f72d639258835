import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

/** A stack in a real account, by the credentials and region that the AWS SDK finds. */
export class DeployedStack {
  readonly #lambda = new LambdaClient({});
  readonly #outputs: Map<string, string>;

  private constructor(outputs: Map<string, string>) {
    this.#outputs = outputs;
  }

  static async find(name: string): Promise<DeployedStack> {
    const { Stacks = [] } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName: name }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return new DeployedStack(new Map(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])));
  }

  /** @throws with what the function says is wrong */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  async invoke(output: 'StartBackupFunction' | 'RestoreFunction' | 'PruneFunction', input: unknown): Promise<any> {
    const FunctionName = this.#outputs.get(output);
    if (FunctionName === undefined) throw new Error(`The stack has no output ${output}`);
    const answer = await this.#lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }));
    const text = new TextDecoder().decode(answer.Payload);
    if (answer.FunctionError !== undefined) throw new Error(text);
    return JSON.parse(text);
  }
}
