import { describe, expect, test } from 'vitest';
import {
  agentStatements,
  backupStatements,
  notifyStatements,
  type PolicyStatement,
  pruneStatements,
  restoreFunctionStatements,
  restoreStatements,
  startBackupStatements,
  trackCommandStatements,
  watchdogStatements,
} from '../../../../core/model/s3-policies.ts';
import { TIERS } from '../../../../core/model/tiers.ts';
import { type AccessRequest, decide, parseStatement } from '../../../support/iam.ts';

const BUCKET = 'arn:aws:s3:::b';
const scope = { bucketArn: BUCKET, prefix: 'falkordb' };
const ID = '20261122T023000Z-shop-daily';

/** What is said of the key, or of a list of what begins with it. */
function allows(statements: PolicyStatement[], action: string, key: string, isCreateOnly = true) {
  const isList = action === 's3:ListBucket';
  const request: AccessRequest = {
    action,
    resource: isList ? BUCKET : `${BUCKET}/falkordb/${key}`,
    context: {
      's3:if-none-match': isCreateOnly ? '*' : undefined,
      's3:prefix': isList ? `falkordb/${key}` : undefined,
    },
  };
  return decide(request, { identity: statements.map(parseStatement) }).isAllowed;
}

describe('the rights of a backup', () => {
  const statements = backupStatements(scope, 'shop');
  const all = agentStatements(scope, 'shop');

  test.each(['daily/shop/x', 'manual/shop/x', 'runs/shop/x', 'locks/shop.json', 'locks/shop.probe.json'])(
    'are to read and to write %s',
    (key) => {
      for (const action of ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket'])
        expect(allows(statements, action, key)).toBe(true);
    },
  );

  test('are to see safety backups, and to make none', () => {
    for (const action of ['s3:GetObject', 's3:ListBucket'])
      expect(allows(statements, action, 'pre-restore/shop/x')).toBe(true);
    expect(allows(statements, 's3:PutObject', 'pre-restore/shop/x')).toBe(false);
    expect(allows(all, 's3:PutObject', 'pre-restore/shop/x')).toBe(true);
  });
});

describe('the rights of a restore', () => {
  const own = restoreStatements(scope, 'shop');

  test('are to read backups, to make safety backups and to record that one loads', () => {
    for (const tier of TIERS) expect(allows(own, 's3:GetObject', `${tier}/shop/x`)).toBe(true);
    for (const key of ['pre-restore/shop/x', 'runs/shop/x', 'locks/shop.json', `daily/shop/${ID}/verified/x.json`])
      expect(allows(own, 's3:PutObject', key)).toBe(true);
    expect(allows(own, 's3:PutObject', `daily/shop/${ID}/verified/x.json`, false)).toBe(false);
    expect(allows(own, 's3:PutObject', `daily/shop/${ID}/manifest.json`)).toBe(false);
  });

  test('reach the backups of another target where that is the source, and nothing else of it', () => {
    const from = restoreStatements(scope, 'shop', 'prod');
    const verified = 'daily/prod/20261122T023000Z-prod-daily/verified/x.json';
    expect(allows(from, 's3:GetObject', 'daily/prod/x')).toBe(true);
    expect(allows(from, 's3:ListBucket', 'daily/prod/x')).toBe(true);
    expect(allows(from, 's3:PutObject', verified)).toBe(true);
    for (const key of ['daily/prod/x', 'pre-restore/prod/x', 'runs/prod/x', 'locks/prod.json'])
      expect(allows(from, 's3:PutObject', key)).toBe(false);
    for (const key of ['runs/prod/x', 'locks/prod.json']) expect(allows(from, 's3:GetObject', key)).toBe(false);
    for (const key of ['daily/prod/x', verified]) expect(allows(own, 's3:GetObject', key)).toBe(false);
  });

  test('and those of a backup are together those of the agent', () => {
    const both = [...own, ...backupStatements(scope, 'shop')];
    const all = agentStatements(scope, 'shop');
    const keys = [
      ...TIERS.map((tier) => `${tier}/shop/x`),
      'runs/shop/x',
      'locks/shop.json',
      'daily/prod/x',
      'locks/x',
    ];
    for (const key of keys)
      for (const action of [
        's3:GetObject',
        's3:PutObject',
        's3:AbortMultipartUpload',
        's3:ListBucket',
        's3:DeleteObject',
      ])
        expect([action, key, allows(both, action, key)]).toEqual([action, key, allows(all, action, key)]);
  });
});

describe.each([
  ['start-backup', startBackupStatements(scope)],
  ['track-command', trackCommandStatements(scope)],
])('the rights of %s', (_, statements) => {
  test('are to create records, and to see whether a backup exists', () => {
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/requested.json')).toBe(true);
    for (const key of ['runs/shop/r/verdict-1.json', `daily/shop/${ID}/manifest.json`])
      for (const action of ['s3:GetObject', 's3:ListBucket']) expect(allows(statements, action, key)).toBe(true);
  });

  test('are to overwrite no record, and to see nothing more of a backup', () => {
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/requested.json', false)).toBe(false);
    for (const key of [`daily/shop/${ID}/r.a/dump.rdb.zst`, `daily/shop/${ID}/r.a/state.json`, 'locks/shop.json'])
      for (const action of ['s3:GetObject', 's3:PutObject']) expect(allows(statements, action, key)).toBe(false);
    expect(allows(statements, 's3:PutObject', `daily/shop/${ID}/manifest.json`)).toBe(false);
    expect(allows(statements, 's3:ListBucket', 'daily/shop/')).toBe(false);
  });
});

describe('the rights of the function that restores', () => {
  const statements = restoreFunctionStatements(scope);

  test('are to list backups, to read what is said of them, and to create records', () => {
    for (const key of ['manifest.json', 'marks/x.json', 'verified/x.json'])
      expect(allows(statements, 's3:GetObject', `daily/shop/${ID}/${key}`)).toBe(true);
    for (const key of ['daily/shop/', 'pre-restore/shop/', 'runs/shop/'])
      expect(allows(statements, 's3:ListBucket', key)).toBe(true);
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/requested.json')).toBe(true);
  });

  test('are to read no dump and no state, and to write nothing else', () => {
    for (const key of [`daily/shop/${ID}/r.a/dump.rdb.zst`, `daily/shop/${ID}/r.a/state.json`, 'locks/shop.json'])
      expect(allows(statements, 's3:GetObject', key)).toBe(false);
    for (const key of [`daily/shop/${ID}/manifest.json`, 'locks/shop.json'])
      expect(allows(statements, 's3:PutObject', key)).toBe(false);
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/requested.json', false)).toBe(false);
  });
});

describe('the rights of the watchdog', () => {
  const statements = watchdogStatements(scope);

  test('are to see which backups and runs there are, to end lost runs and to replace what it has said', () => {
    const records = ['runs/shop/r/started.json', 'alerts/shop/daily.json', 'locks/shop.json'];
    for (const key of [`manual/shop/20261122T023000Z-shop-manual/manifest.json`, ...records])
      for (const action of ['s3:GetObject', 's3:ListBucket']) expect(allows(statements, action, key)).toBe(true);
    for (const tier of TIERS) expect(allows(statements, 's3:ListBucket', `${tier}/shop/`)).toBe(true);
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/verdict-1.json')).toBe(true);
    expect(allows(statements, 's3:PutObject', 'alerts/shop/daily.json', false)).toBe(true);
  });

  test('are to read no dump, to change no record, and to take no lease', () => {
    expect(allows(statements, 's3:PutObject', 'runs/shop/r/verdict-1.json', false)).toBe(false);
    for (const key of ['locks/shop.json', `daily/shop/${ID}/manifest.json`])
      expect(allows(statements, 's3:PutObject', key)).toBe(false);
    expect(allows(statements, 's3:GetObject', `daily/shop/${ID}/r.a/dump.rdb.zst`)).toBe(false);
  });
});

describe('the rights of the function that tells people', () => {
  const statements = notifyStatements(scope);

  test('are to find the last good backup', () => {
    expect(allows(statements, 's3:ListBucket', 'manual/shop/')).toBe(true);
    expect(allows(statements, 's3:ListBucket', `daily/shop/${ID}/r.a/dump.rdb.zst`)).toBe(true);
    expect(allows(statements, 's3:GetObject', `daily/shop/${ID}/manifest.json`)).toBe(true);
  });

  test('are to read no dump, no record and no safety backup, and to write nothing', () => {
    const safety = 'pre-restore/shop/20261122T023000Z-shop-pre-restore/manifest.json';
    for (const key of [`daily/shop/${ID}/r.a/dump.rdb.zst`, 'runs/shop/r/requested.json', safety])
      expect(allows(statements, 's3:GetObject', key)).toBe(false);
    expect(allows(statements, 's3:ListBucket', 'pre-restore/shop/')).toBe(false);
    expect(statements.flatMap(({ Action }) => Action)).toEqual(['s3:GetObject', 's3:ListBucket']);
  });
});

test('prune alone may delete', () => {
  const key = `daily/shop/${ID}/manifest.json`;
  expect(allows(pruneStatements(scope), 's3:DeleteObject', key)).toBe(true);
  const others = [
    agentStatements(scope, 'shop'),
    backupStatements(scope, 'shop'),
    restoreStatements(scope, 'shop'),
    startBackupStatements(scope),
    trackCommandStatements(scope),
    restoreFunctionStatements(scope),
    watchdogStatements(scope),
    notifyStatements(scope),
  ];
  for (const statements of others) expect(allows(statements, 's3:DeleteObject', key)).toBe(false);
  for (const statements of [...others, pruneStatements(scope)])
    expect(allows(statements, 's3:DeleteObjectVersion', key)).toBe(false);
});
