import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsSystemsManager, DELIVERY_TIMEOUT_SECONDS } from '../../lambdas/ssm/aws-systems-manager.ts';
import { type SsmAnswer, type SsmServer, startSsmServer } from '../support/ssm-server.ts';

let answer: (operation: string, body: Record<string, unknown>) => SsmAnswer;
let server: SsmServer;
let ssm: AwsSystemsManager;
beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  server = await startSsmServer((operation, body) => answer(operation, body));
  ssm = new AwsSystemsManager({ endpoint: server.endpoint, region: 'eu-central-1', maxAttempts: 2 });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server[Symbol.asyncDispose]();
});

const COMMAND = { document: 'Our-Document', instanceId: 'i-1', parameters: { Target: ['shop'] }, comment: 'run-1' };

describe('findInstances', () => {
  it('asks for the tag, page by page, also past an empty one', async () => {
    const pages: Record<string, object> = {
      first: {
        InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online', AgentVersion: '3.3.1.0' }],
        NextToken: 'b',
      },
      b: { InstanceInformationList: [], NextToken: 'c' },
      c: { InstanceInformationList: [{ InstanceId: 'i-2', PingStatus: 'ConnectionLost', AgentVersion: '3.2.0.0' }] },
    };
    answer = (_, { NextToken }) => pages[String(NextToken ?? 'first')] ?? { error: 'InvalidNextToken' };
    expect(await ssm.findInstances('our-tag', 'shop')).toEqual([
      { instanceId: 'i-1', isOnline: true, ssmAgentVersion: '3.3.1.0' },
      { instanceId: 'i-2', isOnline: false, ssmAgentVersion: '3.2.0.0' },
    ]);
    expect(server.requests).toHaveLength(3);
    expect(server.requests[0]).toMatchObject({
      operation: 'DescribeInstanceInformation',
      body: { Filters: [{ Key: 'tag:our-tag', Values: ['shop'] }] },
    });
  });

  it('does not follow pages for ever', async () => {
    answer = () => ({ InstanceInformationList: [], NextToken: 'again' });
    await expect(ssm.findInstances('our-tag', 'shop')).rejects.toMatchObject({
      code: 'command-refused',
      message: expect.stringContaining('more than 20 pages'),
    });
  });
});

describe('sendCommand', () => {
  it('sends to one instance, with a bound on the delivery', async () => {
    answer = () => ({ Command: { CommandId: 'c-1' } });
    expect(await ssm.sendCommand({ ...COMMAND, comment: 'x'.repeat(120) })).toBe('c-1');
    expect(server.requests).toEqual([
      {
        operation: 'SendCommand',
        body: {
          DocumentName: 'Our-Document',
          InstanceIds: ['i-1'],
          Parameters: { Target: ['shop'] },
          Comment: 'x'.repeat(100),
          TimeoutSeconds: DELIVERY_TIMEOUT_SECONDS,
        },
      },
    ]);
  });

  it.each([
    ['AccessDeniedException', /right/],
    ['InvalidInstanceId', /SSM agent/],
    ['UnsupportedPlatformType', /Linux/],
    ['InvalidDocument', /deploy/],
    ['InvalidParameters', /deploy/],
    ['MaxDocumentSizeExceeded', /CloudTrail/],
  ])('says what to do about %s, and does not ask again', async (error, hint) => {
    answer = () => ({ error, message: 'Because' });
    await expect(ssm.sendCommand(COMMAND)).rejects.toMatchObject({
      code: 'command-refused',
      message: `Cannot send a command to i-1: ${error}, Because.`,
      hint: expect.stringMatching(hint),
      retryable: false,
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['ThrottlingException', 400],
    ['InternalServerError', 500],
    ['ServiceUnavailable', 503],
    ['TooManyRequestsException', 429],
  ])('tries again at %s, and says that it may pass', async (error, status) => {
    answer = () => ({ error, status });
    await expect(ssm.sendCommand(COMMAND)).rejects.toMatchObject({ code: 'command-refused', retryable: true });
    expect(server.requests).toHaveLength(2);
  });

  it('is content with the second answer', async () => {
    answer = () =>
      server.requests.length === 1 ? { error: 'ThrottlingException' } : { Command: { CommandId: 'c-2' } };
    expect(await ssm.sendCommand(COMMAND)).toBe('c-2');
  });

  it('says that a service that is away may come back', async () => {
    await server[Symbol.asyncDispose]();
    await expect(ssm.sendCommand(COMMAND)).rejects.toMatchObject({ code: 'command-refused', retryable: true });
  });

  it('is given up where it may take only so long, with all attempts and all pages', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const region = 'eu-central-1';
    const hasty = (endpoint: string) => new AwsSystemsManager({ endpoint, region, callTimeoutMs: 300 });
    const gaveUp = { code: 'command-refused', retryable: true, message: expect.stringContaining('no answer in time') };
    const began = performance.now();
    await expect(hasty(`http://127.0.0.1:${port}`).sendCommand(COMMAND)).rejects.toMatchObject({
      ...gaveUp,
      message: 'Cannot send a command to i-1: there was no answer in time.',
    });
    answer = () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      return { InstanceInformationList: [], NextToken: 'again' };
    };
    await expect(hasty(server.endpoint).findInstances('our-tag', 'shop')).rejects.toMatchObject(gaveUp);
    expect(performance.now() - began).toBeLessThan(3000);
    silent.close();
    silent.closeAllConnections();
  });

  it('says that it has no credentials, which no repetition helps', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    await expect(ssm.sendCommand(COMMAND)).rejects.toMatchObject({
      code: 'command-refused',
      retryable: false,
      message: expect.stringContaining('CredentialsProviderError'),
    });
  });
});

describe('findCommand', () => {
  it('tells what was sent', async () => {
    answer = () => ({
      Commands: [{ DocumentName: 'Our-Document', Comment: 'run-1', Parameters: { Target: ['shop'] } }],
    });
    expect(await ssm.findCommand('c-1')).toEqual({
      document: 'Our-Document',
      comment: 'run-1',
      parameters: { Target: ['shop'] },
    });
    expect(server.requests).toEqual([{ operation: 'ListCommands', body: { CommandId: 'c-1' } }]);
  });

  it.each([{ Commands: [] }, { error: 'InvalidCommandId' }])('knows nothing of a forgotten one: %j', async (given) => {
    answer = () => given;
    expect(await ssm.findCommand('c-1')).toBeUndefined();
  });

  it('is not sure where it was refused', async () => {
    answer = () => ({ error: 'AccessDeniedException' });
    await expect(ssm.findCommand('c-1')).rejects.toMatchObject({ code: 'command-refused' });
  });
});

describe('findInvocation', () => {
  it.each([
    [{ ResponseCode: 69, StatusDetails: 'Failed', StandardErrorContent: 'no agent' }, 69],
    [{ ResponseCode: 0, StatusDetails: 'Success', StandardErrorContent: '' }, 0],
    [{ ResponseCode: -1, StatusDetails: 'Delivery Timed Out' }, null],
    [{ StatusDetails: 'Undeliverable' }, null],
  ])('tells how it ended: %j', async (given, exitCode) => {
    answer = () => given;
    const stderr = 'StandardErrorContent' in given ? given.StandardErrorContent : '';
    expect(await ssm.findInvocation('c-1', 'i-1')).toEqual({ statusDetails: given.StatusDetails, exitCode, stderr });
    expect(server.requests).toEqual([
      { operation: 'GetCommandInvocation', body: { CommandId: 'c-1', InstanceId: 'i-1' } },
    ]);
  });

  it('knows nothing of one that does not exist (yet)', async () => {
    answer = () => ({ error: 'InvocationDoesNotExist' });
    expect(await ssm.findInvocation('c-1', 'i-1')).toBeUndefined();
  });
});
