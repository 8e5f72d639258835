import { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { OPERATOR } from './cloud.ts';
import type { Scene } from './scene.ts';
import type { SentCommand } from './ssm-shapes.ts';
import { REGION } from './stack.ts';

/** `aws ssm send-command` of our document to the host, by somebody with all rights; once it has ended. */
export async function operatorSends(
  { cloud, host }: Scene,
  Parameters: Record<string, string[]>,
): Promise<SentCommand> {
  const { AWS_ENDPOINT_URL_SSM: endpoint = '' } = cloud.endpointsOf(OPERATOR);
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = new SSMClient({ endpoint, credentials, region: REGION });
  try {
    const request = { DocumentName: cloud.document, InstanceIds: [host.instanceId], Parameters };
    const { Command } = await client.send(new SendCommandCommand(request));
    await cloud.settled();
    const found = cloud.ssm.commands.find(({ commandId }) => commandId === Command?.CommandId);
    if (!found) throw new Error('The command was not sent');
    return found;
  } finally {
    client.destroy();
  }
}
