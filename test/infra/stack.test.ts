import { describe, expect, it } from 'vitest';
import { dueTimes } from '../../core/catalog/due-times.ts';
import { startBackupInputSchema, watchdogInputSchema } from '../../core/model/function-inputs.ts';
import { decodeFunctionSettings, encodeFunctionSettings } from '../../core/model/function-settings.ts';
import { decodeRetention } from '../../core/model/retention-settings.ts';
import { lifecycleConfiguration } from '../../core/model/s3-lifecycle.ts';
import type { FalkorDbBackupProps } from '../../infra/props.ts';
import { FUNCTIONS } from '../../scripts/build-functions.ts';
import { type Synthesized, synthesize } from './support/synthesize.ts';

const DEAD_LETTERS = '<DeadLettersQueue.Arn>';

describe('the bucket', () => {
  const stack = synthesize();
  const bucket = stack.only('AWS::S3::Bucket');

  it('is private, versioned, encrypted, and stays when the stack goes', () => {
    expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
    expect(bucket.Properties).not.toHaveProperty('BucketName');
  });

  it('refuses what overwrites a backup, and what comes without TLS, and allows nobody anything', () => {
    const { Statement } = stack.only('AWS::S3::BucketPolicy').Properties.PolicyDocument;
    expect(Statement).toHaveLength(2);
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      }),
    );
    expect(Statement).toContainEqual({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:*',
      Resource: ['<StoreBucket.Arn>', '<StoreBucket.Arn>/*'],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  it('has the rules of core/model/s3-lifecycle.ts, none of which ends a current version', () => {
    const { Rules } = lifecycleConfiguration({ prefix: 'falkordb', undoDays: 7, coldMonthlyDays: 90 });
    const expected = Rules.map(({ ID, Filter, Expiration, Transitions, ...rest }) => ({
      Id: ID,
      Prefix: Filter.Prefix,
      ...Expiration,
      ...(Transitions && {
        Transitions: Transitions.map(({ Days, StorageClass }) => ({ StorageClass, TransitionInDays: Days })),
      }),
      ...rest,
    }));
    const rules = bucket.Properties.LifecycleConfiguration.Rules;
    expect(rules).toEqual(expected);
    for (const rule of rules)
      for (const name of ['ExpirationInDays', 'ExpirationDate', 'TagFilters']) expect(rule).not.toHaveProperty(name);
  });

  it('has what is asked for', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const own = { name: 'my-backups', prefix: '', undoDays: 30, coldMonthlyDays: false as const, kmsKeyArn };
    const other = synthesize({ targets: ['shop'], bucket: own });
    const { Properties } = other.only('AWS::S3::Bucket');
    expect(Properties).toMatchObject({
      BucketName: 'my-backups',
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn },
          },
        ],
      },
    });
    const rules: { Id: string; Prefix: string; NoncurrentVersionExpiration: object }[] =
      Properties.LifecycleConfiguration.Rules;
    expect(rules.map(({ Id }) => Id)).not.toContain('cool-monthly');
    expect(rules.find(({ Prefix }) => Prefix === 'daily/')?.NoncurrentVersionExpiration).toEqual({
      NoncurrentDays: 30,
    });
    expect(storeOf(other)).toBe('s3://<StoreBucket>');
  });
});

describe('the functions', () => {
  const stack = synthesize({
    targets: ['shop'],
    timeZone: 'Europe/Berlin',
    retention: { days: 7 },
    eventBusName: 'own',
  });
  const functions = stack.all('AWS::Lambda::Function');

  it('are those that are built, of the runtime that they are built and tested with, with logs that do not stay for ever', () => {
    expect(functions).toHaveLength(FUNCTIONS.length);
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
    const groups = functions.map(({ Properties }) => Properties.LoggingConfig.LogGroup);
    expect(new Set(groups).size).toBe(FUNCTIONS.length);
    for (const group of stack.all('AWS::Logs::LogGroup')) expect(group.Properties.RetentionInDays).toBe(90);
    expect(stack.all('AWS::Logs::LogGroup')).toHaveLength(FUNCTIONS.length);
  });

  it('end in the dead-letter queue where an invocation failed for good, and a restore is not asked for twice', () => {
    const configs = stack.all('AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties);
    expect(configs.map(({ FunctionName, MaximumRetryAttempts }) => [FunctionName, MaximumRetryAttempts])).toEqual([
      ['<FunctionsStartBackup>', 2],
      ['<FunctionsRestore>', 0],
      ['<FunctionsPrune>', 2],
      ['<FunctionsTrackCommand>', 2],
      ['<FunctionsWatchdog>', 2],
      ['<FunctionsNotify>', 2],
    ]);
    for (const { DestinationConfig, MaximumEventAgeInSeconds } of configs) {
      expect(DestinationConfig).toEqual({ OnFailure: { Destination: DEAD_LETTERS } });
      expect(MaximumEventAgeInSeconds).toBe(3600);
    }
  });

  it('find in their environment what they read there', () => {
    const sending = {
      store: 's3://<StoreBucket>/falkordb',
      document: '<AgentDocument>',
      eventBus: 'own',
      targetTag: 'falkordb-backup-target',
    };
    for (const name of ['StartBackup', 'Restore', 'TrackCommand']) {
      const { Variables } = stack.named(`Functions${name}`).Properties.Environment;
      expect(decodeFunctionSettings(Variables, 'store', 'document', 'eventBus', 'targetTag')).toEqual(sending);
    }
    const { Variables } = stack.named('FunctionsPrune').Properties.Environment;
    const { store, eventBus } = sending;
    expect(decodeFunctionSettings(Variables, 'store', 'eventBus')).toEqual({ store, eventBus });
    expect(decodeRetention(Variables)).toEqual(
      decodeRetention({ BACKUP_RETENTION_DAYS: '7', BACKUP_RETENTION_TIME_ZONE: 'Europe/Berlin' }),
    );
    expect(Object.keys(Variables)).toHaveLength(11);
    const watchdog = stack.named('FunctionsWatchdog').Properties.Environment.Variables;
    expect(decodeFunctionSettings(watchdog, 'store', 'eventBus')).toEqual({ store, eventBus });
    expect(Object.keys(watchdog)).toHaveLength(2);
  });

  it('that tells people finds there whom to tell, and what they may type', () => {
    const environmentOf = (backup: FalkorDbBackupProps) =>
      synthesize(backup).named('FunctionsNotify').Properties.Environment.Variables;
    const known = {
      store: 's3://<StoreBucket>/falkordb',
      topicArn: '<AlertsTopic>',
      startBackupFunction: '<FunctionsStartBackup>',
      restoreFunction: '<FunctionsRestore>',
    };
    expect(environmentOf({ targets: ['shop'] })).toEqual(
      encodeFunctionSettings({ ...known, allowPrivateWebhooks: false }),
    );
    const alerts = { webhooksParameter: '/falkordb-backup/webhooks', allowPrivateWebhooks: true };
    expect(environmentOf({ targets: ['shop'], alerts })).toEqual(encodeFunctionSettings({ ...known, ...alerts }));
  });

  it('have the time and the memory that their work takes', () => {
    const shapes = functions.map(({ Properties: { Timeout, MemorySize } }) => [Timeout, MemorySize]);
    // Restore: the AWS CLI waits for a minute, and then invokes it again.
    expect(shapes).toEqual([
      [300, 512],
      [50, 512],
      [900, 1024],
      [120, 512],
      [900, 512],
      [120, 512],
    ]);
  });
});

describe('the schedules', () => {
  const stack = synthesize({
    targets: ['shop', 'a-b'],
    timeZone: 'Europe/Berlin',
    schedules: { snapshot: '*/20 * * * *' },
  });
  const schedules = stack.all('AWS::Scheduler::Schedule').map(({ Properties }) => Properties);

  it('call a function each, at the times and in the time zone that are asked for', () => {
    expect(schedules.map(({ ScheduleExpression, Target }) => [ScheduleExpression, Target.Arn])).toEqual([
      ['cron(0 4 1 * ? *)', '<FunctionsStartBackup.Arn>'],
      ['cron(0 3 ? * SUN *)', '<FunctionsStartBackup.Arn>'],
      ['cron(30 2 * * ? *)', '<FunctionsStartBackup.Arn>'],
      ['cron(0,20,40 * * * ? *)', '<FunctionsStartBackup.Arn>'],
      ['cron(30 5 * * ? *)', '<FunctionsPrune.Arn>'],
      ['cron(0,15,30,45 * * * ? *)', '<FunctionsWatchdog.Arn>'],
    ]);
    for (const schedule of schedules)
      expect(schedule).toMatchObject({ State: 'ENABLED', FlexibleTimeWindow: { Mode: 'OFF' } });
    // The watchdog is not silent for an hour when the clocks of people go back.
    expect(schedules.map(({ ScheduleExpressionTimezone }) => ScheduleExpressionTimezone)).toEqual([
      ...Array(5).fill('Europe/Berlin'),
      'Etc/UTC',
    ]);
  });

  it('hand over what the function takes, with the time that it was due', () => {
    const inputs = schedules.map(({ Target }) => JSON.parse(Target.Input));
    const backups = inputs.slice(0, 4);
    expect(backups.map(({ tier }) => tier)).toEqual(['monthly', 'weekly', 'daily', 'snapshot']);
    for (const input of backups) {
      expect(input).toMatchObject({ scheduledTime: '<aws.scheduler.scheduled-time>', targets: ['shop', 'a-b'] });
      // As Scheduler fills it in.
      expect(startBackupInputSchema.parse({ ...input, scheduledTime: '2026-11-22T02:30:00Z' })).toBeDefined();
    }
    expect(inputs[4]).toEqual({ dryRun: false });
  });

  it('hand over to the watchdog when backups are due, in words that it understands', () => {
    const input = watchdogInputOf(stack);
    expect(input).toEqual({
      targets: ['shop', 'a-b'],
      schedules: {
        monthly: '0 4 1 * *',
        weekly: '0 3 * * 0',
        daily: '30 2 * * *',
        snapshot: '0,20,40 * * * *',
      },
      timeZone: 'Europe/Berlin',
      graceMinutes: 60,
      // Of the agent's own 21600, with those that its command has more.
      timeoutSeconds: 21_900,
    });
    expect(watchdogInputSchema.parse(input)).toEqual(input);
    const few = { monthly: false, weekly: false, snapshot: '5/50 * * * *' } as const;
    const { schedules: watched } = watchdogInputOf(synthesize({ targets: ['shop'], schedules: few }));
    expect(watched).toEqual({ daily: '30 2 * * *', snapshot: '5,55 * * * *' });
    const patient = synthesize({ targets: ['shop'], alerts: { graceMinutes: 150 } });
    expect(watchdogInputOf(patient)).toMatchObject({ graceMinutes: 150 });
    for (const cron of Object.values<string>(watched)) expect(() => dueTimes(cron, 'UTC')).not.toThrow();
  });

  it('try twice again, for no longer than until the next one, and end in the dead-letter queue', () => {
    const policies = schedules.map(({ Target }) => Target.RetryPolicy);
    expect(policies.map(({ MaximumRetryAttempts }) => MaximumRetryAttempts)).toEqual(Array(6).fill(2));
    expect(policies.map(({ MaximumEventAgeInSeconds }) => MaximumEventAgeInSeconds)).toEqual([
      ...[3600, 3600, 3600, 1200, 3600, 900],
    ]);
    for (const { Target } of schedules) expect(Target.DeadLetterConfig).toEqual({ Arn: DEAD_LETTERS });
  });

  it('leave nothing behind that would be in the way of the next stack', () => {
    expect(stack.only('AWS::Scheduler::ScheduleGroup').DeletionPolicy).not.toBe('Retain');
  });

  it('are not there where they are false', () => {
    const off = { monthly: false, weekly: false, snapshot: false, prune: false } as const;
    const few = synthesize({ targets: ['shop'], schedules: off });
    const expressions = few.all('AWS::Scheduler::Schedule').map(({ Properties }) => Properties.ScheduleExpression);
    expect(expressions).toEqual(['cron(30 2 * * ? *)', 'cron(0,15,30,45 * * * ? *)']);
  });
});

describe('people', () => {
  const stack = synthesize({ targets: ['shop'], alerts: { emails: ['ops@example.org'] }, eventBusName: 'own' });

  it('hear of all that is told on the bus by the function that knows what they want to know', () => {
    const rule = stack.named('AlertsEvents').Properties;
    expect(rule).toMatchObject({ EventBusName: 'own', State: 'ENABLED' });
    expect(rule.EventPattern).toEqual({ source: ['falkordb.backup'] });
    const { Id: _, ...target } = rule.Targets[0];
    expect(rule.Targets).toHaveLength(1);
    expect(target).toEqual({
      Arn: '<FunctionsNotify.Arn>',
      DeadLetterConfig: { Arn: DEAD_LETTERS },
      RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 20 },
    });
    expect(permissionOf(stack, '<FunctionsNotify.Arn>')).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: '<AlertsEvents.Arn>',
    });
  });

  it('hear by mail, over a topic that takes messages of this account alone, and by TLS', () => {
    expect(stack.only('AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
    const { Statement } = stack.only('AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow')).toEqual([
      {
        Sid: 'AlarmsOfThisAccount',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: '<AlertsTopic>',
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      },
    ]);
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  it('hear over a topic without a key, as alarms may not use the one that SNS has by default', () => {
    expect(stack.only('AWS::SNS::Topic').Properties).toEqual({ DisplayName: 'falkordb-backup' });
    expect(stack.all('AWS::KMS::Key')).toEqual([]);
  });
});

describe('commands', () => {
  const stack = synthesize({ targets: ['shop'], timeoutSeconds: 3600, eventBusName: 'own' });

  it('that do not end well are told to the function that tracks them, from the bus that SSM speaks on', () => {
    const rule = stack.named('CommandsRule').Properties;
    expect(rule).not.toHaveProperty('EventBusName');
    expect(rule.EventPattern).toEqual({
      source: ['aws.ssm'],
      'detail-type': ['EC2 Command Invocation Status-change Notification'],
      detail: {
        'document-name': ['<AgentDocument>'],
        status: [{ 'anything-but': ['Pending', 'InProgress', 'In Progress', 'Delayed', 'Cancelling', 'Success'] }],
      },
    });
    expect(rule.Targets).toEqual([
      { Id: 'Target0', Arn: '<FunctionsTrackCommand.Arn>', DeadLetterConfig: { Arn: DEAD_LETTERS } },
    ]);
    expect(permissionOf(stack, '<FunctionsTrackCommand.Arn>')).toMatchObject({
      Principal: 'events.amazonaws.com',
      SourceArn: '<CommandsRule.Arn>',
    });
  });

  it('may take longer than the agent that they run, and change without getting another name', () => {
    const { Properties } = stack.only('AWS::SSM::Document');
    expect(Properties).toMatchObject({ DocumentType: 'Command', DocumentFormat: 'JSON', UpdateMethod: 'NewVersion' });
    expect(Properties).not.toHaveProperty('Name');
    const [{ inputs }] = Properties.Content.mainSteps;
    expect(inputs.timeoutSeconds).toBe('3900');
    expect(inputs.runCommand.join('\n')).toContain('falkordb-backup execute --timeout 3600 ');
  });
});

describe('the dead-letter queue', () => {
  it('is encrypted with a key that EventBridge may use, takes what comes by TLS, and keeps it for two weeks', () => {
    const stack = synthesize();
    expect(stack.only('AWS::SQS::Queue').Properties).toEqual({
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
    });
    const { Statement } = stack.only('AWS::SQS::QueuePolicy').Properties.PolicyDocument;
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    const sources = Statement.flatMap(
      ({ Condition }: { Condition: Record<string, object> }) => Condition.ArnEquals ?? [],
    );
    expect(sources).toEqual([{ 'aws:SourceArn': '<AlertsEvents.Arn>' }, { 'aws:SourceArn': '<CommandsRule.Arn>' }]);
  });
});

describe('the outputs', () => {
  it('are what people and scripts need, with a policy for each target', () => {
    const { outputs } = synthesize({ targets: ['a-b', 'ab'] });
    expect(Object.fromEntries(outputs.map(({ name, value }) => [name, value]))).toMatchObject({
      BucketName: '<StoreBucket>',
      StoreUrl: 's3://<StoreBucket>/falkordb',
      DocumentName: '<AgentDocument>',
      TopicArn: '<AlertsTopic>',
      DeadLetterQueueUrl: '<DeadLettersQueue>',
      StartBackupFunction: '<FunctionsStartBackup>',
      RestoreFunction: '<FunctionsRestore>',
      PruneFunction: '<FunctionsPrune>',
      TrackCommandFunction: '<FunctionsTrackCommand>',
      WatchdogFunction: '<FunctionsWatchdog>',
      NotifyFunction: '<FunctionsNotify>',
    });
    const policies = outputs.filter(({ name }) => name.startsWith('AgentPolicyArn'));
    expect(policies.map(({ description }) => description)).toEqual([
      'Policy of the agent of a-b',
      'Policy of the agent of ab',
    ]);
  });
});

function permissionOf(stack: Synthesized, functionArn: string) {
  const permissions = stack.all('AWS::Lambda::Permission').map(({ Properties }) => Properties);
  const [permission, ...others] = permissions.filter(({ FunctionName }) => FunctionName === functionArn);
  expect(others).toEqual([]);
  return permission;
}

function watchdogInputOf(stack: Synthesized) {
  return JSON.parse(stack.named('Scheduleswatchdog').Properties.Target.Input);
}

function storeOf(stack: Synthesized): string | undefined {
  return stack.outputs.find(({ name }) => name === 'StoreUrl')?.value;
}
