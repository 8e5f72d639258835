import { Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { BackupStack } from '../../infra/backup-stack.ts';
import { newApp } from './support/synthesize.ts';

/** Everything that can be there. */
const FULL = {
  targets: ['shop', 'graphiti-prod'],
  alerts: { emails: ['ops@example.org'], webhooksParameter: '/falkordb-backup/webhooks', allowPrivateWebhooks: true },
  bucket: { kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
};

describe('cdk-nag', () => {
  it.each([
    ['by default', { targets: ['shop'] }],
    ['with everything', FULL],
  ])('finds nothing that is not acknowledged with a reason, %s', (_, backup) => {
    const app = newApp();
    new BackupStack(app, 'Stack', { backup });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).not.toThrow();
  });

  it('would find it', () => {
    const app = newApp();
    const stack = new BackupStack(app, 'Stack', { backup: FULL });
    new Bucket(stack, 'Open');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).toThrow(/alidation/);
  });
});
