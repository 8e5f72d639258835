import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { ACCOUNT, REGION, type Resource, type Stack } from './stack.ts';

const RUNNER = new URL('./run-handler.ts', import.meta.url).pathname;

const propertiesSchema = z.looseObject({
  Role: z.string(),
  Runtime: z.literal('nodejs24.x'),
  Handler: z.templateLiteral(['index.', z.string()]),
  Timeout: z.int(),
  MemorySize: z.int(),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }),
});
const assetSchema = z.looseObject({ 'aws:asset:path': z.string() });

/** A function as the template would deploy it. */
export interface DeployedFunction {
  name: string;
  arn: string;
  roleArn: string;
  /** The file that the asset holds. */
  file: string;
  handler: string;
  timeoutMs: number;
  environment: Record<string, string>;
}

/** @param assets the folder that the template was synthesised into */
export function deployFunction(stack: Stack, assets: string, resource: Resource): DeployedFunction {
  const properties = propertiesSchema.parse(resource.properties);
  const asset = assetSchema.parse(resource.metadata)['aws:asset:path'];
  const name = stack.nameOf(resource);
  return {
    name,
    arn: resource.arn,
    roleArn: properties.Role,
    file: join(assets, asset, 'index.mjs'),
    handler: properties.Handler.slice('index.'.length),
    timeoutMs: properties.Timeout * 1000,
    environment: {
      ...properties.Environment.Variables,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
    },
  };
}

const answerSchema = z.union([
  z.strictObject({ result: z.unknown(), error: z.undefined().optional() }),
  z.strictObject({
    error: z.strictObject({ errorType: z.string(), errorMessage: z.string() }),
    result: z.undefined().optional(),
  }),
]);

export type Invocation = z.infer<typeof answerSchema> & { log: string };

/**
 * One cold start.
 * @param endpoints where the services are, and with which keys
 * @param clockOffsetMs how much its clock is ahead of ours
 */
export async function runFunction(
  { name, arn, file, handler, timeoutMs, environment }: DeployedFunction,
  event: unknown,
  endpoints: Record<string, string>,
  clockOffsetMs: number,
): Promise<Invocation> {
  const context = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: `${ACCOUNT}/[$LATEST]`,
  };
  const { stdio, stdout, stderr, timedOut, exitCode } = await execa(process.execPath, [RUNNER, file, handler], {
    input: JSON.stringify({ event, context, timeoutMs, clockOffsetMs }),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...environment, ...endpoints, PATH: process.env.PATH ?? '' },
    extendEnv: false,
    reject: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const log = `${stdout}\n${stderr}`;
  if (timedOut) {
    return { error: { errorType: 'Sandbox.Timedout', errorMessage: `Task timed out after ${timeoutMs} ms` }, log };
  }
  if (exitCode !== 0) throw new Error(`The runtime of ${name} broke: ${log}`);
  return { ...answerSchema.parse(JSON.parse(String(stdio[3]))), log };
}
