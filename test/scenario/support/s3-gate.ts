import { parsePolicy } from '../../support/iam.ts';
import { s3Server } from '../../support/s3/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../../support/s3/fault-proxy.ts';
import type { FaultAction, ProxiedRequest } from '../../support/s3/faults.ts';
import { kindOf, needs } from '../../support/s3/needs.ts';
import type { Access } from './access.ts';
import type { Stack } from './stack.ts';

/** The way to S3 of one role: it lets through what the policies of role and bucket allow. */
export function startS3Gate(
  stack: Stack,
  access: Access,
  caller: string,
  onOddity: (error: unknown) => void,
): Promise<FaultProxy> {
  const policies = stack.resources('AWS::S3::BucketPolicy');
  const bucketPolicy = policies.flatMap(({ properties }) => parsePolicy(properties.PolicyDocument));
  const fateOf = (request: ProxiedRequest): FaultAction | undefined => {
    const asked = needs(request);
    if (!asked.map((each) => access.allows(caller, each, bucketPolicy)).every(Boolean))
      return { kind: 'access-denied' };
    const [first] = asked;
    if (!first || !['get', 'head'].includes(kindOf(request))) return undefined;
    // S3 tells nobody that an object is missing who may not list the bucket, whatever the prefix.
    const listing = { ...first, action: 's3:ListBucket', resource: first.resource.replace(/\/.*$/, '') };
    return access.would(caller, listing) ? undefined : { kind: 'hide-missing' };
  };
  return startFaultProxy(new URL(s3Server().endpoint), (request) => {
    try {
      return fateOf(request);
    } catch (error) {
      onOddity(error);
      return { kind: 'access-denied' };
    }
  });
}
