import { agentStatements, bucketStatements, type PolicyStatement, pruneStatements } from '../core/model/s3-policies.ts';

const SCOPE = { bucketArn: 'arn:aws:s3:::my-backups', prefix: 'falkordb' };

/** The documents of docs/s3.md, by title; a test sees that it holds them. */
export function examplePolicies(): Record<string, string> {
  const document = (Statement: PolicyStatement[]) => JSON.stringify({ Version: '2012-10-17', Statement }, null, 2);
  return {
    'The agent of target `shop`': document(agentStatements(SCOPE, 'shop')),
    'Prune, of all targets': document(pruneStatements(SCOPE)),
    'The bucket itself': document(bucketStatements(SCOPE)),
  };
}

if (import.meta.main) {
  for (const [title, json] of Object.entries(examplePolicies())) process.stdout.write(`${title}\n\n${json}\n\n`);
}
