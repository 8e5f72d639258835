import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { TIERS } from '../../core/model/tiers.ts';
import { type AccessRequest, decide, parsePolicy } from '../support/iam.ts';
import { identityStatements, rightsOf } from './support/rights.ts';
import { type Synthesized, synthesize } from './support/synthesize.ts';

const BUCKET = '<StoreBucket.Arn>';
const ROOT = `${BUCKET}/falkordb`;
const CREATING = 'if {"Null":{"s3:if-none-match":"false"}}';
const BUS = 'arn:aws:events:eu-central-1:123456789012:event-bus/default';
const OF_SSM = 'arn:aws:ssm:eu-central-1:123456789012';

const folders = TIERS.map((tier) => `${tier}/*/????????T??????Z-*-${tier}`);
const manifests = folders.map((folder) => `${folder}/manifest.json`);
const marks = folders.map((folder) => `${folder}/marks/*`);
const verifications = folders.map((folder) => `${folder}/verified/*`);
const tiers = TIERS.map((tier) => `${tier}/*`);

const reading = (keys: string[]) => keys.map((key) => `s3:GetObject ${ROOT}/${key}`);
const creating = (keys: string[]) => keys.map((key) => `s3:PutObject ${ROOT}/${key} ${CREATING}`);
const listing = (keys: string[]) =>
  `s3:ListBucket ${BUCKET} if ${JSON.stringify({ StringLike: { 's3:prefix': keys.map((key) => `falkordb/${key}`) } })}`;
const telling = `events:PutEvents ${BUS} if {"StringEquals":{"events:source":"falkordb.backup"}}`;
const logging = (name: string) => [
  `logs:CreateLogStream <Functions${name}Logs.Arn>`,
  `logs:PutLogEvents <Functions${name}Logs.Arn>`,
  'sqs:SendMessage <DeadLettersQueue.Arn>',
];
const onTargets = 'if {"StringEquals":{"ssm:resourceTag/falkordb-backup-target":["shop","graphiti-prod"]}}';
const sending = [
  `ssm:SendCommand ${OF_SSM}:document/<AgentDocument>`,
  `ssm:SendCommand arn:aws:ec2:eu-central-1:123456789012:instance/* ${onTargets}`,
  `ssm:SendCommand ${OF_SSM}:managed-instance/* ${onTargets}`,
  'ssm:DescribeInstanceInformation *',
];

describe('the rights of', () => {
  const stack = synthesize();
  const of = (name: string) => rightsOf(stack, `Functions${name}RoleDefaultPolicy`);
  const recording = [...creating(['runs/*']), ...reading(['runs/*', ...manifests]), listing(['runs/*', ...manifests])];

  it('start-backup are these', () => {
    expect(of('StartBackup')).toEqual([...logging('StartBackup'), ...recording, ...sending, telling].toSorted());
  });

  it('track-command are these', () => {
    const finding = ['ssm:ListCommands *', 'ssm:GetCommandInvocation *'];
    expect(of('TrackCommand')).toEqual(
      [...logging('TrackCommand'), ...recording, ...sending, ...finding, telling].toSorted(),
    );
  });

  it('restore are these: it reads no dump', () => {
    const small = [...manifests, ...marks, ...verifications, 'runs/*'];
    const catalog = [...creating(['runs/*']), ...reading(small), listing([...tiers, 'runs/*'])];
    expect(of('Restore')).toEqual([...logging('Restore'), ...catalog, ...sending, telling].toSorted());
  });

  it('prune are these', () => {
    const removing = [...tiers, 'runs/*'].flatMap((key) => [
      `s3:DeleteObject ${ROOT}/${key}`,
      `s3:AbortMultipartUpload ${ROOT}/${key}`,
    ]);
    const all = [
      ...reading([...tiers, 'runs/*', 'locks/*']),
      `s3:PutObject ${ROOT}/runs/*`,
      ...creating([...manifests, ...marks]),
      ...removing,
      listing([...tiers, 'runs/*', 'locks/*']),
      `s3:ListBucketMultipartUploads ${BUCKET}`,
    ];
    expect(of('Prune')).toEqual([...logging('Prune'), ...all, telling].toSorted());
  });

  it('watchdog are these: it reads no dump, and replaces nothing but what it has said', () => {
    const records = ['runs/*', 'alerts/*', 'locks/*'];
    const all = [
      ...reading([...manifests, ...records]),
      ...creating(['runs/*']),
      `s3:PutObject ${ROOT}/alerts/*`,
      listing([...tiers, ...records]),
    ];
    expect(of('Watchdog')).toEqual([...logging('Watchdog'), ...all, telling].toSorted());
  });

  it('notify are these: it writes nothing to the store', () => {
    const wanted = (patterns: string[]) => patterns.filter((pattern) => !pattern.startsWith('pre-restore/'));
    const all = [...reading(wanted(manifests)), listing(wanted(tiers)), 'sns:Publish <AlertsTopic>'];
    expect(of('Notify')).toEqual([...logging('Notify'), ...all].toSorted());
  });

  it.each(['/prod/webhooks', 'webhooks'])('notify include the webhooks of %s, and no other parameter', (name) => {
    const withWebhooks = synthesize({ targets: ['shop', 'graphiti-prod'], alerts: { webhooksParameter: name } });
    const rights = rightsOf(withWebhooks, 'FunctionsNotifyRoleDefaultPolicy');
    const added = rights.filter((right) => !of('Notify').includes(right));
    expect(added).toEqual([`ssm:GetParameter ${OF_SSM}:parameter/${name.replace('/prod', 'prod')}`]);
  });

  it('the schedules are to call the functions they name', () => {
    expect(rightsOf(stack, 'SchedulesRoleDefaultPolicy')).toEqual([
      'lambda:InvokeFunction <FunctionsPrune.Arn>',
      'lambda:InvokeFunction <FunctionsStartBackup.Arn>',
      'lambda:InvokeFunction <FunctionsWatchdog.Arn>',
      'sqs:SendMessage <DeadLettersQueue.Arn>',
    ]);
    const [trust] = stack.named('SchedulesRole').Properties.AssumeRolePolicyDocument.Statement;
    expect(trust.Condition).toEqual({
      StringEquals: { 'aws:SourceAccount': '123456789012', 'aws:SourceArn': '<SchedulesGroup.Arn>' },
    });
  });

  it('the agent of a target are these', () => {
    const own = [...TIERS.map((tier) => `${tier}/shop/*`), 'runs/shop/*', 'locks/shop.json', 'locks/shop.probe.json'];
    const objects = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'].flatMap((action) =>
      own.map((key) => `${action} ${ROOT}/${key}`),
    );
    expect(rightsOf(stack, 'AgentPoliciesshop')).toEqual([...objects, listing(own), telling].toSorted());
  });

  it('anybody have no wildcard in an action, and none as a resource but for three reads of SSM', () => {
    const statements = identityStatements(stack);
    expect(statements.length).toBeGreaterThan(30);
    const actions = statements.flatMap(({ statement }) => statement.Action).flat();
    expect(actions.filter((action) => action.includes('*') || action.includes('?'))).toEqual([]);
    const unbounded = statements.filter(({ statement }) => [statement.Resource].flat().includes('*'));
    expect([...new Set(unbounded.flatMap(({ statement }) => statement.Action).flat())].toSorted()).toEqual([
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:ListCommands',
    ]);
  });

  it('prune alone are to delete, and nobody are to delete versions or to change the bucket', () => {
    const having = (pattern: RegExp) =>
      identityStatements(stack)
        .filter(({ statement }) => [statement.Action].flat().some((action) => pattern.test(action)))
        .map(({ policy }) => policy);
    expect(having(/^s3:Delete/)).toEqual(['FunctionsPruneRoleDefaultPolicy']);
    const s3 = identityStatements(stack)
      .flatMap(({ statement }) => statement.Action)
      .flat();
    expect([...new Set(s3.filter((action) => action.startsWith('s3:')))].toSorted()).toEqual([
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      's3:PutObject',
    ]);
  });

  it('no role come from a managed policy of AWS', () => {
    for (const { Properties } of stack.all('AWS::IAM::Role')) expect(Properties.ManagedPolicyArns).toBeUndefined();
  });

  it('all who use the bucket include the use of its key, where it has one, and nothing else of it', () => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const withKey = synthesize({ targets: ['shop'], bucket: { kmsKeyArn: key } });
    const using = ['StartBackup', 'Restore', 'Prune', 'TrackCommand', 'Watchdog'].map(
      (name) => `Functions${name}RoleDefaultPolicy`,
    );
    for (const policy of [...using, 'AgentPoliciesshop'])
      expect(rightsOf(withKey, policy).filter((right) => right.startsWith('kms:'))).toEqual([
        `kms:Decrypt ${key}`,
        `kms:GenerateDataKey ${key}`,
      ]);
    // It only reads.
    const notify = rightsOf(withKey, 'FunctionsNotifyRoleDefaultPolicy');
    expect(notify.filter((right) => right.startsWith('kms:'))).toEqual([`kms:Decrypt ${key}`]);
    expect(
      identityStatements(stack)
        .flatMap(({ statement }) => statement.Action)
        .flat()
        .join(),
    ).not.toContain('kms:');
  });
});

describe('an agent, as IAM decides', () => {
  const stack = synthesize();
  const policies = {
    identity: parsePolicy(stack.named('AgentPoliciesshop').Properties.PolicyDocument),
    resource: parsePolicy(stack.only('AWS::S3::BucketPolicy').Properties.PolicyDocument),
    principal: 'arn:aws:iam::123456789012:role/shop',
  };
  const may = (action: string, key: string, context: AccessRequest['context'] = {}) => {
    const known = {
      'aws:SecureTransport': 'true',
      's3:if-none-match': '*',
      's3:ObjectCreationOperation': 'true',
      's3:prefix': undefined,
      ...context,
    };
    return decide({ action, resource: `${ROOT}/${key}`, context: known }, policies).isAllowed;
  };
  const OWN = 'daily/shop/20261122T023000Z-shop-daily';

  it('creates and reads what is its own', () => {
    expect(may('s3:PutObject', `${OWN}/manifest.json`)).toBe(true);
    expect(may('s3:GetObject', `${OWN}/manifest.json`)).toBe(true);
  });

  it('overwrites no backup', () => {
    expect(may('s3:PutObject', `${OWN}/manifest.json`, { 's3:if-none-match': undefined })).toBe(false);
    // Parts of a multipart upload create no object, and cannot carry the header.
    const part = { 's3:if-none-match': undefined, 's3:ObjectCreationOperation': 'false' };
    expect(may('s3:PutObject', `${OWN}/run.x/dump.rdb.zst`, part)).toBe(true);
  });

  it('deletes nothing', () => {
    for (const key of [`${OWN}/manifest.json`, 'runs/shop/x', 'locks/shop.json']) {
      expect(may('s3:GetObject', key)).toBe(true);
      expect(may('s3:DeleteObject', key)).toBe(false);
      expect(may('s3:DeleteObjectVersion', key)).toBe(false);
    }
  });

  it.each(['graphiti-prod', 'shop-2', 'sho', 'other'])('reaches nothing of %s', (target) => {
    const keys = [...TIERS.map((tier) => `${tier}/${target}/x`), `runs/${target}/x`, `locks/${target}.json`];
    for (const key of keys) {
      expect(may('s3:GetObject', key)).toBe(false);
      expect(may('s3:PutObject', key)).toBe(false);
    }
  });

  it('reaches nothing without TLS', () => {
    expect(may('s3:GetObject', `${OWN}/manifest.json`, { 'aws:SecureTransport': 'false' })).toBe(false);
  });
});

describe('the function that asks for backups, as IAM decides', () => {
  const stack = synthesize();
  const identity = parsePolicy(stack.named('FunctionsStartBackupRoleDefaultPolicy').Properties.PolicyDocument);
  const may = (resource: string, tag?: string) =>
    decide(
      { action: 'ssm:SendCommand', resource, context: { 'ssm:resourceTag/falkordb-backup-target': tag } },
      { identity },
    ).isAllowed;
  const instance = 'arn:aws:ec2:eu-central-1:123456789012:instance/i-0123456789abcdef0';

  it('runs our document, and no other', () => {
    expect(may(`${OF_SSM}:document/<AgentDocument>`)).toBe(true);
    for (const other of ['arn:aws:ssm:eu-central-1::document/AWS-RunShellScript', `${OF_SSM}:document/other`])
      expect(may(other, 'shop')).toBe(false);
  });

  it('runs it on instances of its targets, and on no others', () => {
    expect(may(instance, 'shop')).toBe(true);
    expect(may(`${OF_SSM}:managed-instance/mi-0123456789abcdef0`, 'graphiti-prod')).toBe(true);
    for (const tag of [undefined, '', 'other', 'shop-2']) expect(may(instance, tag)).toBe(false);
  });
});

describe('the grants', () => {
  const role = (
    grant: (synthesized: Parameters<NonNullable<Parameters<typeof synthesize>[1]>>[1], role: Role) => void,
  ) =>
    rightsOf(
      synthesize(undefined, (stack, backup) => {
        grant(backup, new Role(stack, 'Own', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
      }),
      'OwnDefaultPolicy',
    );
  const actionsOn = (rights: string[], key: string) =>
    rights.filter((right) => right.includes(` ${ROOT}/${key}`)).map((right) => right.split(' ')[0]);

  it('of a backup let its role make backups and no safety backups', () => {
    const rights = role((backup, own) => backup.grantBackup(own, 'shop'));
    const making = ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'];
    for (const key of ['daily/shop/*', 'runs/shop/*', 'locks/shop.json'])
      expect(actionsOn(rights, key)).toEqual(making);
    expect(actionsOn(rights, 'pre-restore/shop/*')).toEqual(['s3:GetObject']);
    expect(rights).toContain(telling);
    expect(rights.filter((right) => right.includes('graphiti-prod') || right.includes('Delete'))).toEqual([]);
  });

  it('of a restore let its role read backups, and create safety backups and records alone', () => {
    const rights = role((backup, own) => backup.grantRestore(own, 'shop', { from: 'graphiti-prod' }));
    expect(actionsOn(rights, 'daily/graphiti-prod/*')).toEqual(['s3:GetObject']);
    expect(actionsOn(rights, 'pre-restore/graphiti-prod/*')).toEqual(['s3:GetObject']);
    expect(actionsOn(rights, 'runs/graphiti-prod/*')).toEqual([]);
    expect(actionsOn(rights, 'pre-restore/shop/*')).toContain('s3:PutObject');
    expect(actionsOn(rights, 'daily/shop/*')).toEqual(['s3:GetObject']);
    const verified = 'daily/graphiti-prod/????????T??????Z-graphiti-prod-daily/verified/*';
    expect(rights).toContain(`s3:PutObject ${ROOT}/${verified} ${CREATING}`);
  });

  it('of several targets to one role are one policy that IAM takes', () => {
    const synthesized = synthesize(undefined, (stack, backup) => {
      const own = new Role(stack, 'Own', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
      for (const target of ['shop', 'graphiti-prod']) backup.grantBackup(own, target);
      backup.grantPrune(own);
    });
    const statements = synthesized.named('OwnDefaultPolicy').Properties.PolicyDocument.Statement;
    const sids = statements.flatMap(({ Sid }: { Sid?: string }) => Sid ?? []);
    expect(new Set(sids).size).toBe(sids.length);
    const rights = rightsOf(synthesized, 'OwnDefaultPolicy');
    for (const key of ['daily/shop/*', 'daily/graphiti-prod/*'])
      expect(actionsOn(rights, key)).toContain('s3:PutObject');
    expect(actionsOn(rights, 'daily/*')).toContain('s3:DeleteObject');
  });

  it('of what is no target are refused', () => {
    synthesize(undefined, (stack, backup) => {
      const own = new Role(stack, 'Own', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
      expect(() => backup.grantBackup(own, '*')).toThrow('"*" is no name of a target');
      expect(() => backup.grantRestore(own, 'shop', { from: 'a/*' })).toThrow('"a/*" is no name of a target');
    });
  });
});

describe('the policies of a hundred targets with the longest names', () => {
  const targets = Array.from({ length: 100 }, (_, index) => `${'a'.repeat(60)}-${index}`.slice(-63));
  const stack: Synthesized = synthesize({ targets, bucket: { prefix: 'p'.repeat(60) } });
  /** With the longest names that AWS makes up, or a user gives. */
  const sizeOf = (document: unknown) =>
    JSON.stringify(document)
      .replaceAll(BUCKET, `arn:aws-us-gov:s3:::${'b'.repeat(63)}`)
      .replaceAll(/<[^>]*>/g, 'x'.repeat(130)).length;

  it('stay below the limits of IAM', () => {
    const managed = stack.all('AWS::IAM::ManagedPolicy');
    const inline = stack.all('AWS::IAM::Policy');
    expect(managed.length).toBeGreaterThanOrEqual(100);
    for (const { Properties } of managed) expect(sizeOf(Properties.PolicyDocument)).toBeLessThan(6144);
    for (const { Properties } of inline) expect(sizeOf(Properties.PolicyDocument)).toBeLessThan(10_240);
  });

  it('make a template that CloudFormation takes', () => {
    expect(stack.resources.size).toBeLessThan(500);
    expect(stack.outputs.length).toBeLessThan(200);
    expect(JSON.stringify(stack.template.toJSON()).length).toBeLessThan(1024 * 1024);
  });
});

it('keeps the policies of agents where they are: a changed description would make others, which no host has', () => {
  const stack = synthesize({ targets: ['shop'] });
  expect(stack.only('AWS::IAM::ManagedPolicy').Properties.Description).toBe(
    'The agent of target shop: its backups and restores',
  );
});
