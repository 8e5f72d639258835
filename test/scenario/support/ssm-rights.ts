import type { Access } from './access.ts';
import type { Host } from './host.ts';
import { ACCOUNT, REGION } from './stack.ts';

/** Sending needs a right on the document and one on the instance; the other actions know no resources. */
export function allowsSsm(
  access: Access,
  documentArn: string,
  { caller, action, host }: { caller: string; action: string; host: Host | undefined },
): boolean {
  if (action !== 'ssm:SendCommand') return access.allows(caller, { action, resource: '*', context: {} });
  const instance = `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${host?.instanceId ?? 'i-unknown'}`;
  const tags = Object.entries(host?.tags ?? {}).map(([name, value]) => [`ssm:resourceTag/${name}`, value]);
  const onDocument = access.allows(caller, { action, resource: documentArn, context: {} });
  return access.allows(caller, { action, resource: instance, context: Object.fromEntries(tags) }) && onDocument;
}
