import {
  allow,
  creating,
  folderPattern,
  list,
  manifestPattern,
  markPattern,
  objectsAt,
  type PolicyScope,
  type PolicyStatement,
  verificationPattern,
} from './s3-statements.ts';
import { TIERS } from './tiers.ts';

export type { PolicyScope, PolicyStatement };

/*
 * The least rights that work, as IAM statements. What is not named here is not needed: no agent can delete, and none
 * can reach the keys of another target.
 */

/**
 * For the agent beside a target: backup, verify, fetch, status, doctor, and restore, which makes a safety backup first.
 * Listing a lease tells that it does not exist: reading what does not exist is denied to those who may not list it.
 */
export function agentStatements(scope: PolicyScope, target: string): PolicyStatement[] {
  return [
    allow(
      'ReadAndCreateOwnObjects',
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
      objectsAt(scope, ownKeys(target)),
    ),
    list('ListOwnObjects', scope, ownKeys(target)),
  ];
}

function ownKeys(target: string): string[] {
  return [...TIERS.map((tier) => `${tier}/${target}/*`), `runs/${target}/*`, ...lockKeys(target)];
}

function lockKeys(target: string): string[] {
  return [`locks/${target}.json`, `locks/${target}.probe.json`];
}

/** Of the rights of `agentStatements`, those without a restore: backup, verify, list, show, fetch, status, doctor. */
export function backupStatements(scope: PolicyScope, target: string): PolicyStatement[] {
  const tiers = TIERS.filter((tier) => tier !== 'pre-restore').map((tier) => `${tier}/${target}/*`);
  return [
    allow('ReadOwnObjects', ['s3:GetObject'], objectsAt(scope, ownKeys(target))),
    allow(
      'CreateBackups',
      ['s3:PutObject', 's3:AbortMultipartUpload'],
      objectsAt(scope, [...tiers, `runs/${target}/*`, ...lockKeys(target)]),
    ),
    list('ListOwnObjects', scope, ownKeys(target)),
  ];
}

/**
 * What a restore into a target needs, with its safety backup and its record that the backup loads.
 * @param from whose backups they are
 */
export function restoreStatements(scope: PolicyScope, target: string, from = target): PolicyStatement[] {
  const source = TIERS.map((tier) => `${tier}/${from}/*`);
  const readable = [...new Set([...source, ...ownKeys(target)])];
  const safetyBackups = `pre-restore/${target}/*`;
  return [
    allow('ReadBackups', ['s3:GetObject'], objectsAt(scope, readable)),
    allow(
      'CreateSafetyBackups',
      ['s3:PutObject', 's3:AbortMultipartUpload'],
      objectsAt(scope, [safetyBackups, `runs/${target}/*`, ...lockKeys(target)]),
    ),
    creating(
      'RecordThatItLoads',
      scope,
      TIERS.map((tier) => `${folderPattern(tier, from)}/verified/*`),
    ),
    list('ListBackups', scope, readable),
  ];
}

/** For the function that asks agents for backups: records of runs, and whether a backup has been made already. */
export function startBackupStatements(scope: PolicyScope): PolicyStatement[] {
  return recordingStatements(scope);
}

/** For the function that hears of commands that ended: as start-backup. */
export function trackCommandStatements(scope: PolicyScope): PolicyStatement[] {
  return recordingStatements(scope);
}

/** For the function that shows backups and asks agents to restore them: what is known of backups, no dump. */
export function restoreFunctionStatements(scope: PolicyScope): PolicyStatement[] {
  const small = TIERS.flatMap((tier) => [manifestPattern(tier), markPattern(tier), verificationPattern(tier)]);
  return [
    creating('CreateRecords', scope, ['runs/*']),
    allow('ReadCatalog', ['s3:GetObject'], objectsAt(scope, [...small, 'runs/*'])),
    list('ListCatalog', scope, [...TIERS.map((tier) => `${tier}/*`), 'runs/*']),
  ];
}

/**
 * For the watchdog, of all targets: what tells whether a backup is there and good, no dump. It writes verdicts of runs that
 * were lost, and what it has said, which it replaces.
 */
export function watchdogStatements(scope: PolicyScope): PolicyStatement[] {
  const records = ['runs/*', 'alerts/*', 'locks/*'];
  return [
    allow('ReadCatalog', ['s3:GetObject'], objectsAt(scope, [...TIERS.map(manifestPattern), ...records])),
    creating('CreateVerdicts', scope, ['runs/*']),
    allow('RememberWhatWasSaid', ['s3:PutObject'], objectsAt(scope, ['alerts/*'])),
    list('ListCatalog', scope, [...TIERS.map((tier) => `${tier}/*`), ...records]),
  ];
}

/** For the function that tells people of events: which backup is the last good one. */
export function notifyStatements(scope: PolicyScope): PolicyStatement[] {
  const tiers = TIERS.filter((tier) => tier !== 'pre-restore');
  return [
    allow('ReadManifests', ['s3:GetObject'], objectsAt(scope, tiers.map(manifestPattern))),
    list(
      'ListBackups',
      scope,
      tiers.map((tier) => `${tier}/*`),
    ),
  ];
}

/** Reading what does not exist is denied to those who may not list it. */
function recordingStatements(scope: PolicyScope): PolicyStatement[] {
  const keys = ['runs/*', ...TIERS.map((tier) => manifestPattern(tier))];
  return [
    creating('CreateRecords', scope, ['runs/*']),
    allow('ReadRecords', ['s3:GetObject'], objectsAt(scope, keys)),
    list('ListRecords', scope, keys),
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
    creating('TakeTheKeyOfAManifest', scope, TIERS.map(manifestPattern)),
    creating('NoteThatLessIsRight', scope, TIERS.map(markPattern)),
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
