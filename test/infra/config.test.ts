import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, it } from 'vitest';
import { BackupError } from '../../core/model/errors.ts';
import { loadAppConfig } from '../../infra/config.ts';
import { FalkorDbBackup } from '../../infra/index.ts';
import { parseOptions } from '../../infra/options.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { newApp } from './support/synthesize.ts';

const load = (config: unknown) => loadAppConfig((key) => (key === 'falkordb-backup' ? config : undefined));

/** What is said of each option that is wrong, by its name. */
function problems(config: unknown): Record<string, string> {
  const lines = messageOf(() => load(config)).matchAll(/^ {2}- ([^:]+): (.*)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', what = '']) => [name, what]));
}

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof BackupError && error.code === 'invalid-settings' && error.hint) return error.message;
    throw error;
  }
  throw new Error('Nothing was thrown');
}

describe('the configuration', () => {
  it('needs nothing but the targets', () => {
    expect(load({ targets: ['shop'] })).toEqual({
      targets: ['shop'],
      targetTag: 'falkordb-backup-target',
      schedules: {
        monthly: '0 4 1 * *',
        weekly: '0 3 * * 0',
        daily: '30 2 * * *',
        snapshot: '0 */4 * * *',
        prune: '30 5 * * *',
      },
      timeZone: 'UTC',
      retention: {
        days: 30,
        weekly: 12,
        monthly: 12,
        snapshot: 'all 48h, daily 7d',
        manual: 'forever',
        preRestore: 'all 30d',
        minimum: 3,
        runsDays: 400,
      },
      bucket: { prefix: 'falkordb', undoDays: 7, coldMonthlyDays: 90 },
      alerts: { emails: [], allowPrivateWebhooks: false, graceMinutes: 60 },
      timeoutSeconds: 21_600,
      eventBusName: 'default',
      stackName: 'FalkorDbBackup',
    });
  });

  it('is itself what the construct takes', () => {
    const { stackName: _, ...options } = load({ targets: ['shop'] });
    expect(parseOptions(options)).toEqual(options);
  });

  it('takes what is set', () => {
    const config = {
      targets: ['shop', 'a-b'],
      targetTag: 'team:falkordb',
      schedules: { monthly: false, weekly: '0 1 * * MON', daily: '0 2 * * *', snapshot: false, prune: '0 7 * * *' },
      timeZone: 'Europe/Berlin',
      retention: {
        ...{ days: 7, weekly: 4, monthly: 6, minimum: 5, runsDays: 100 },
        ...{ snapshot: 'last 3', manual: 'all 1y', preRestore: 'all 7d' },
      },
      bucket: {
        name: 'my-backups',
        prefix: 'a/b',
        undoDays: 14,
        coldMonthlyDays: false,
        kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      },
      alerts: {
        emails: ['ops@example.org'],
        webhooksParameter: '/prod/webhooks',
        allowPrivateWebhooks: true,
        graceMinutes: 150,
      },
      timeoutSeconds: 3600,
      eventBusName: 'backups',
      stackName: 'Prod',
      region: 'eu-central-1',
    };
    expect(load(config)).toEqual(config);
  });

  it('says everything that is wrong at once, with what it has to be', () => {
    const wrong = {
      targets: ['Shop', 'a', 'a'],
      targetTag: 'aws:x',
      schedules: { daily: '30 2 1 * 1', weekly: 7 },
      timeZone: 'Mars/Olympus',
      retention: { days: 0, weekly: 1.5, snapshot: 'often', minimum: '3' },
      bucket: { name: 'My_Bucket', prefix: '/x/', undoDays: 0, coldMonthlyDays: 'never', kmsKeyArn: 'alias/x' },
      alerts: { emails: ['nobody'], webhooksParameter: 'a b', allowPrivateWebhooks: 'no', graceMinutes: -1 },
      timeoutSeconds: 172_501,
      eventBusName: '',
      stackName: '1st',
      region: 'Frankfurt',
    };
    const found = problems(wrong);
    expect(Object.keys(found).toSorted()).toEqual([
      'alerts.allowPrivateWebhooks',
      'alerts.emails[0]',
      'alerts.graceMinutes',
      'alerts.webhooksParameter',
      'bucket.coldMonthlyDays',
      'bucket.kmsKeyArn',
      'bucket.name',
      'bucket.prefix',
      'bucket.undoDays',
      'eventBusName',
      'region',
      'retention.days',
      'retention.minimum',
      'retention.snapshot',
      'retention.weekly',
      'schedules.daily',
      'schedules.weekly',
      'stackName',
      'targetTag',
      'targets',
      'targets[0]',
      'timeZone',
      'timeoutSeconds',
    ]);
    expect(found).toMatchObject({
      'targets[0]': expect.stringContaining('lower-case letters, digits and dashes'),
      targets: 'must name each only once',
      'schedules.daily': expect.stringContaining('leave one of them *'),
      'schedules.weekly': expect.stringContaining('false for never'),
      'retention.days': 'must be at least 1',
      'retention.minimum': 'must be a whole number',
      'retention.snapshot': expect.stringContaining('write forever, all <time>'),
      'bucket.kmsKeyArn': expect.stringContaining('not of an alias'),
      timeoutSeconds: 'must be a whole number from 60 to 172500',
      'alerts.allowPrivateWebhooks': 'must be true or false',
    });
  });

  it.each(['webhooks', '/webhooks', '/falkordb-backup/a.b_c/x', `/${'a/'.repeat(14)}a`])(
    'takes %s as the name of a parameter',
    (webhooksParameter) =>
      expect(load({ targets: ['a'], alerts: { webhooksParameter } }).alerts.webhooksParameter).toBe(webhooksParameter),
  );

  it.each([
    [
      { targets: ['a'], bukket: {} },
      'the configuration',
      'has no option bukket: there are targets, targetTag, schedules',
    ],
    [{ targets: ['a'], bucket: { versioned: false } }, 'bucket', 'has no option versioned: there are name, prefix'],
    [{ targets: ['a'], schedules: { hourly: '0 * * * *' } }, 'schedules', 'has no option hourly'],
    [{ targets: ['a'], alerts: [] }, 'alerts', 'must be an object with the options emails'],
    [{ targets: [] }, 'targets', 'must name a FalkorDB at least'],
    [{ targets: 'shop' }, 'targets', 'must be a list of names'],
    [{}, 'targets', 'must be a list of names'],
    [{ targets: Array.from({ length: 101 }, (_, index) => `t${index}`) }, 'targets', 'must be at most 100'],
    ['shop', 'the configuration', 'must be an object'],
    ...['*', 'a*', 'a?', '$x', 'a//b', '../a', 'a/'].map((prefix): [object, string, string] => [
      { targets: ['a'], bucket: { prefix } },
      'bucket.prefix',
      'must be names joined by "/"',
    ]),
    ...['', '/', '*', '/a/*', 'a?', '/a//b', 'a/b', '/a/', '/aws/x', 'SSM-x', '/ä', 'x:3', `/${'a/'.repeat(15)}a`].map(
      (webhooksParameter): [object, string, string] => [
        { targets: ['a'], alerts: { webhooksParameter } },
        'alerts.webhooksParameter',
        'must be the name of an SSM parameter',
      ],
    ),
  ])('%j is refused: %s %s', (config, name, message) => expect(problems(config)[name]).toContain(message));

  it('comes from the file that the command line names', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'prod.json');
    const fromFile = () => loadAppConfig((key) => (key === 'config' ? path : { targets: ['of-the-context'] }));
    expect(messageOf(fromFile)).toContain(`${path} cannot be read: ENOENT`);
    await writeFile(path, '{"targets": ["shop"');
    expect(messageOf(fromFile)).toContain(`${path} cannot be read: `);
    await writeFile(path, '{"targets": ["Shop"]}');
    expect(messageOf(fromFile)).toContain(`Wrong in ${path}:`);
    await writeFile(path, '{"targets": ["shop"]}');
    expect(fromFile().targets).toEqual(['shop']);
  });

  it('is asked for where there is none', () => {
    expect(messageOf(() => load(undefined))).toBe('Nothing says what is to be backed up.');
  });
});

describe('the construct', () => {
  it('takes what only CloudFormation knows from other constructs of an app', () => {
    const stack = new Stack(newApp(), 'Stack');
    const [key, bus] = [new Key(stack, 'Key'), new EventBus(stack, 'Bus')];
    const { bucket, storeUrl } = new FalkorDbBackup(stack, 'Backup', {
      targets: ['shop'],
      bucket: { kmsKeyArn: key.keyArn },
      eventBusName: bus.eventBusName,
    });
    expect(bucket.encryptionKey?.keyArn).toBe(key.keyArn);
    expect(stack.resolve(storeUrl)).toMatchObject({
      'Fn::Join': ['', ['s3://', { Ref: expect.anything() }, '/falkordb']],
    });
  });

  it('says all that is wrong when it is made', () => {
    const stack = new Stack(newApp(), 'Stack');
    const make = () => new FalkorDbBackup(stack, 'Backup', { targets: ['Shop'], timeZone: 'x' });
    expect(messageOf(make)).toMatch(
      /^Wrong in the properties of FalkorDbBackup:\n {2}- targets\[0\]: .*\n {2}- timeZone: /,
    );
  });
});
