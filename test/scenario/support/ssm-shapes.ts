import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Host, ScriptEnd } from './host.ts';
import { ACCOUNT, REGION } from './stack.ts';

/* What Systems Manager takes and gives, by its API reference, as far as the functions use it. */

const MAX_STDOUT = 24_000;
const MAX_STDERR = 8_000;
const commandId = z.uuid();
export const describeSchema = z.strictObject({
  Filters: z.tuple([
    z.strictObject({ Key: z.templateLiteral(['tag:', z.string()]), Values: z.tuple([z.string().min(1)]) }),
  ]),
  MaxResults: z.int().min(5).max(50).optional(),
  NextToken: z.undefined().optional(),
});
export const sendSchema = z.strictObject({
  DocumentName: z.string(),
  InstanceIds: z.tuple([z.string()]),
  Parameters: z.record(z.string(), z.array(z.string())),
  Comment: z.string().max(100).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).optional(),
});
export const listSchema = z.strictObject({ CommandId: commandId });
export const getSchema = z.strictObject({ CommandId: commandId, InstanceId: z.string() });

export interface SentCommand {
  commandId: string;
  instanceId: string;
  comment: string;
  parameters: Record<string, string[]>;
  requestedAt: Date;
  status: 'Pending' | 'InProgress' | 'Success' | 'Failed' | 'TimedOut';
  statusDetails: string;
  end?: ScriptEnd;
  kill?: () => void;
}

/** As in the user guide of Systems Manager, "Amazon EventBridge event examples". */
export function statusEvent(command: SentCommand, documentName: string): Record<string, unknown> {
  const { commandId, instanceId, requestedAt, status } = command;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'EC2 Command Invocation Status-change Notification',
    source: 'aws.ssm',
    account: ACCOUNT,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    region: REGION,
    resources: [`arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${instanceId}`],
    detail: {
      'command-id': commandId,
      'document-name': documentName,
      'instance-id': instanceId,
      'requested-date-time': requestedAt.toISOString(),
      status,
    },
  };
}

export function describeInstance({ instanceId, isOnline, ssmAgentVersion }: Host) {
  return {
    InstanceId: instanceId,
    PingStatus: isOnline ? 'Online' : 'ConnectionLost',
    LastPingDateTime: Date.now() / 1000,
    AgentVersion: ssmAgentVersion,
    PlatformType: 'Linux',
    ResourceType: 'EC2Instance',
  };
}

export function describeCommand(command: SentCommand, DocumentName: string) {
  const { commandId: CommandId, instanceId, comment: Comment, parameters: Parameters, requestedAt } = command;
  const times = { RequestedDateTime: requestedAt.getTime() / 1000 };
  return { CommandId, DocumentName, Comment, Parameters, InstanceIds: [instanceId], Status: command.status, ...times };
}

export function describeInvocation(command: SentCommand, DocumentName: string) {
  const { commandId: CommandId, instanceId: InstanceId, comment: Comment, status: Status, end } = command;
  return {
    ...{ CommandId, InstanceId, Comment, DocumentName, Status, StatusDetails: command.statusDetails },
    ResponseCode: end?.exitCode ?? -1,
    StandardOutputContent: end?.stdout.slice(0, MAX_STDOUT) ?? '',
    StandardErrorContent: end?.stderr.slice(0, MAX_STDERR) ?? '',
  };
}
