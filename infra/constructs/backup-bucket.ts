import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type LifecycleRule as CoreRule, lifecycleConfiguration } from '../../core/model/s3-lifecycle.ts';
import { bucketStatements, type PolicyScope, type PolicyStatement as Statement } from '../../core/model/s3-policies.ts';
import type { BackupOptions } from '../props.ts';

/** Where backups are kept. It stays when the stack goes, with all that is in it. */
export class BackupBucket extends Construct {
  readonly bucket: Bucket;
  /** As BACKUP_STORE takes it. */
  readonly storeUrl: string;
  readonly #key: IKey | undefined;
  readonly #scope: PolicyScope;

  constructor(scope: Construct, id: string, options: BackupOptions['bucket']) {
    super(scope, id);
    const { name, prefix, undoDays, coldMonthlyDays, kmsKeyArn } = options;
    this.#key = kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', kmsKeyArn);
    const { Rules } = lifecycleConfiguration({
      prefix,
      undoDays,
      ...(coldMonthlyDays === false ? {} : { coldMonthlyDays }),
    });
    this.bucket = new Bucket(this, 'Bucket', {
      ...(name === undefined ? {} : { bucketName: name }),
      ...(this.#key
        ? { encryption: BucketEncryption.KMS, encryptionKey: this.#key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: Rules.map(toRule),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.storeUrl = prefix === '' ? `s3://${this.bucket.bucketName}` : `s3://${this.bucket.bucketName}/${prefix}`;
    this.#scope = { bucketArn: this.bucket.bucketArn, prefix };
    for (const statement of bucketStatements(this.#scope)) {
      this.bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
    }
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Nothing that is written is ever overwritten, and all versions are kept for days: what was read is for the data events of CloudTrail, which an account has for all its buckets.',
    });
  }

  /** All statements of `rights`, and the use of the key where there is one. */
  grant(grantee: IGrantable, rights: (scope: PolicyScope) => Statement[]): Grant {
    const grants = this.#withKey(rights(this.#scope)).map(({ Action, Resource, Condition }) =>
      Grant.addToPrincipal({
        grantee,
        actions: Action,
        resourceArns: Resource,
        ...(Condition ? { conditions: Condition } : {}),
      }),
    );
    return grants.reduce((all, one) => all.combine(one));
  }

  /** As those of `grant`, for a policy of its own. */
  statements(rights: (scope: PolicyScope) => Statement[]): PolicyStatement[] {
    return this.#withKey(rights(this.#scope)).map((statement) => PolicyStatement.fromJson(statement));
  }

  #withKey(statements: Statement[]): Statement[] {
    if (!this.#key) return statements;
    const isWriter = statements.some(({ Action }) => Action.includes('s3:PutObject'));
    const Action = ['kms:Decrypt', ...(isWriter ? ['kms:GenerateDataKey'] : [])];
    return [...statements, { Sid: 'UseTheKey', Effect: 'Allow', Action, Resource: [this.#key.keyArn] }];
  }
}

function toRule(rule: CoreRule): LifecycleRule {
  const { ID, Filter, NoncurrentVersionExpiration, Expiration, AbortIncompleteMultipartUpload, Transitions } = rule;
  return {
    id: ID,
    enabled: true,
    prefix: Filter.Prefix,
    ...(NoncurrentVersionExpiration && {
      noncurrentVersionExpiration: Duration.days(NoncurrentVersionExpiration.NoncurrentDays),
    }),
    ...(Expiration && { expiredObjectDeleteMarker: Expiration.ExpiredObjectDeleteMarker }),
    ...(AbortIncompleteMultipartUpload && {
      abortIncompleteMultipartUploadAfter: Duration.days(AbortIncompleteMultipartUpload.DaysAfterInitiation),
    }),
    ...(Transitions && {
      transitions: Transitions.map(({ Days }) => ({
        storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
        transitionAfter: Duration.days(Days),
      })),
    }),
  };
}
