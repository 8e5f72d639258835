import { TIERS, type Tier } from './tiers.ts';

/*
 * The least rights that work, as IAM statements. What is not named here is not needed: no agent can delete, and none
 * can reach the keys of another target.
 */

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

/**
 * For the agent beside a target: backup, verify, fetch, status, doctor, and restore, which makes a safety backup first.
 * Listing a lease tells that it does not exist: reading what does not exist is denied to those who may not list it.
 */
export function agentStatements(scope: PolicyScope, target: string): PolicyStatement[] {
  const data = [...TIERS.map((tier) => `${tier}/${target}/`), `runs/${target}/`];
  const locks = [`locks/${target}.json`, `locks/${target}.probe.json`];
  const objects = [...data.map((prefix) => `${prefix}*`), ...locks];
  return [
    allow(
      'ReadAndCreateOwnObjects',
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      objectsAt(scope, objects),
    ),
    list('ListOwnObjects', scope, [...data.map((prefix) => `${prefix}*`), ...locks]),
  ];
}

/**
 * For prune, of all targets. It creates tombstones where manifests would lie, and marks, and overwrites none. On a
 * versioned bucket its deletes are markers: it has no right to delete a version.
 */
export function pruneStatements(scope: PolicyScope): PolicyStatement[] {
  const data = [...TIERS.map((tier) => `${tier}/`), 'runs/'];
  return [
    allow(
      'ReadCatalog',
      ['s3:GetObject'],
      objectsAt(
        scope,
        [...data, 'locks/'].map((prefix) => `${prefix}*`),
      ),
    ),
    allow('WriteRecords', ['s3:PutObject'], objectsAt(scope, ['runs/*'])),
    {
      ...allow('TakeTheKeyOfAManifest', ['s3:PutObject'], objectsAt(scope, TIERS.map(manifestPattern))),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    {
      ...allow('NoteThatLessIsRight', ['s3:PutObject'], objectsAt(scope, TIERS.map(markPattern))),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    allow(
      'Remove',
      ['s3:DeleteObject', 's3:AbortMultipartUpload'],
      objectsAt(
        scope,
        data.map((prefix) => `${prefix}*`),
      ),
    ),
    list(
      'List',
      scope,
      [...data, 'locks/'].map((prefix) => `${prefix}*`),
    ),
    // This action knows no condition on the prefix.
    allow('ListUploads', ['s3:ListBucketMultipartUploads'], [scope.bucketArn]),
  ];
}

/** For the bucket: whatever its rights, nobody overwrites what lies under the tiers. */
export function bucketStatements(scope: PolicyScope): PolicyStatement[] {
  return [
    {
      Sid: 'NeverOverwriteBackups',
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:PutObject'],
      Resource: objectsAt(
        scope,
        TIERS.map((tier) => `${tier}/*`),
      ),
      // Starting a multipart upload and its parts cannot carry the header; they create no object.
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    },
  ];
}

/** `<tier>/<target>/<backup id>/manifest.json`, as far as wildcards tell. */
function manifestPattern(tier: Tier): string {
  return `${folderPattern(tier)}/manifest.json`;
}

function markPattern(tier: Tier): string {
  return `${folderPattern(tier)}/marks/*`;
}

function folderPattern(tier: Tier): string {
  return `${tier}/*/${'?'.repeat(8)}T${'?'.repeat(6)}Z-*-${tier}`;
}

function allow(Sid: string, Action: string[], Resource: string[]): PolicyStatement {
  return { Sid, Effect: 'Allow', Action, Resource };
}

function list(Sid: string, { bucketArn, prefix }: PolicyScope, keys: string[]): PolicyStatement {
  const patterns = keys.map((key) => withPrefix(prefix, key));
  return { ...allow(Sid, ['s3:ListBucket'], [bucketArn]), Condition: { StringLike: { 's3:prefix': patterns } } };
}

function objectsAt({ bucketArn, prefix }: PolicyScope, keys: string[]): string[] {
  return keys.map((key) => `${bucketArn}/${withPrefix(prefix, key)}`);
}

function withPrefix(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}/${key}`;
}
