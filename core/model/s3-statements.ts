import type { Tier } from './tiers.ts';

/* What IAM statements about a store are made of. */

export interface PolicyStatement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Principal?: '*';
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyScope {
  /** `arn:aws:s3:::my-bucket` */
  bucketArn: string;
  /** Of the store, as in its URL; empty for none. */
  prefix: string;
}

/** `<tier>/<target>/<backup id>/manifest.json`, as far as wildcards tell. */
export function manifestPattern(tier: Tier): string {
  return `${folderPattern(tier)}/manifest.json`;
}

export function markPattern(tier: Tier): string {
  return `${folderPattern(tier)}/marks/*`;
}

export function verificationPattern(tier: Tier): string {
  return `${folderPattern(tier)}/verified/*`;
}

export function folderPattern(tier: Tier, target = '*'): string {
  return `${tier}/${target}/${'?'.repeat(8)}T${'?'.repeat(6)}Z-${target}-${tier}`;
}

/** To put what does not exist yet. */
export function creating(Sid: string, scope: PolicyScope, keys: string[]): PolicyStatement {
  return {
    ...allow(Sid, ['s3:PutObject'], objectsAt(scope, keys)),
    Condition: { Null: { 's3:if-none-match': 'false' } },
  };
}

export function allow(Sid: string, Action: string[], Resource: string[]): PolicyStatement {
  return { Sid, Effect: 'Allow', Action, Resource };
}

export function list(Sid: string, { bucketArn, prefix }: PolicyScope, keys: string[]): PolicyStatement {
  const patterns = keys.map((key) => withPrefix(prefix, key));
  return { ...allow(Sid, ['s3:ListBucket'], [bucketArn]), Condition: { StringLike: { 's3:prefix': patterns } } };
}

export function objectsAt({ bucketArn, prefix }: PolicyScope, keys: string[]): string[] {
  return keys.map((key) => `${bucketArn}/${withPrefix(prefix, key)}`);
}

function withPrefix(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}/${key}`;
}
