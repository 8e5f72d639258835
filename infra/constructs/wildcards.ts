import { Stack, Validations } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * Why a wildcard in a resource is as narrow as it can be, by the resource. One that is not here is a finding of cdk-nag,
 * and test/infra/rights.test.ts lists every right anyway.
 */
const REASONS: [RegExp, string][] = [
  [/^<\w+\.Arn>\//, 'Keys of what runs create are new each time; what comes before the wildcard says whose they are.'],
  [/:(managed-)?instance\/\*$/, 'Which instances these are is said by their tag, in the condition of the statement.'],
  [/^\*$/, 'DescribeInstanceInformation, ListCommands and GetCommandInvocation of SSM know no resources.'],
];

/** For all policies below a construct, so that who runs cdk-nag on an app with our constructs has no work with them. */
export function acknowledgeWildcards(root: IConstruct): void {
  for (const construct of root.node.findAll()) {
    const isPolicy = construct instanceof CfnPolicy || construct instanceof CfnManagedPolicy;
    // Of a policy's owner, which it has to share with others where it is too long.
    const owner = construct.node.scope?.node.scope;
    if (!isPolicy || !owner) continue;
    const { Statement }: { Statement: { Resource?: unknown }[] } = Stack.of(construct).resolve(
      construct.policyDocument,
    );
    const resources = new Set(Statement.flatMap(({ Resource }) => [Resource].flat().map(asText)));
    for (const resource of resources) {
      const reason = REASONS.find(([pattern]) => resource.includes('*') && pattern.test(resource))?.[1];
      if (reason) Validations.of(owner).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
    }
  }
}

/** As cdk-nag writes what CloudFormation makes up: `<StoreBucket.Arn>/falkordb/runs/*`. */
function asText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join }: Record<string, unknown> = { ...value };
  if (typeof Ref === 'string') return `<${Ref}>`;
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  const [separator, parts] = Array.isArray(join) ? join : [];
  return Array.isArray(parts) ? parts.map(asText).join(String(separator)) : JSON.stringify(value);
}
