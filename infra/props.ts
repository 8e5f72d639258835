/*
 * What a user of the constructs can say, and what comes of it. No type of another package is in here: the declarations
 * are part of the published package, which installs nothing.
 */

/** A cron expression of five fields, such as `30 2 * * *`. */
export type Cron = string;

export interface FalkorDbBackupProps {
  /**
   * Logical names of the FalkorDBs, 1 to 63 lower-case letters, digits and dashes each. An instance stands beside the
   * target that the value of its tag names.
   */
  readonly targets: readonly string[];
  /**
   * Name of the tag whose value is an instance's target.
   * @default 'falkordb-backup-target'
   */
  readonly targetTag?: string | undefined;
  /**
   * When backups are made.
   * @default - monthly on the 1st at 04:00, weekly on Sunday at 03:00, daily at 02:30, a snapshot every 4 hours; prune
   * daily at 05:30
   */
  readonly schedules?: ScheduleProps | undefined;
  /**
   * Time zone of the schedules, and of the days, weeks and months that retention goes by.
   * @default 'UTC'
   */
  readonly timeZone?: string | undefined;
  /**
   * How long backups are kept.
   * @default - 30 days, 12 weeks, 12 months
   */
  readonly retention?: RetentionProps | undefined;
  /** @default - a bucket of its own, encrypted with SSE-S3 */
  readonly bucket?: BucketProps | undefined;
  /** @default - a topic without subscribers */
  readonly alerts?: AlertProps | undefined;
  /**
   * How long a run of the agent may take, in seconds: from 60 to 172500. The command that carries it gets 300 more.
   * @default 21600
   */
  readonly timeoutSeconds?: number | undefined;
  /**
   * Name of an existing event bus that is told of backups and restores.
   * @default 'default'
   */
  readonly eventBusName?: string | undefined;
}

export interface ScheduleProps {
  /** @default '0 4 1 * *' */
  readonly monthly?: Cron | false | undefined;
  /** @default '0 3 * * 0' */
  readonly weekly?: Cron | false | undefined;
  /** @default '30 2 * * *' */
  readonly daily?: Cron | false | undefined;
  /** @default '0 *\/4 * * *' */
  readonly snapshot?: Cron | false | undefined;
  /**
   * When backups that are no longer kept are removed.
   * @default '30 5 * * *'
   */
  readonly prune?: Cron | false | undefined;
}

/** docs/retention.md explains the rules. */
export interface RetentionProps {
  /**
   * Days that daily backups are kept.
   * @default 30
   */
  readonly days?: number | undefined;
  /**
   * Weeks that weekly backups are kept.
   * @default 12
   */
  readonly weekly?: number | undefined;
  /**
   * Months that monthly backups are kept.
   * @default 12
   */
  readonly monthly?: number | undefined;
  /**
   * Rules by which snapshots are kept.
   * @default 'all 48h, daily 7d'
   */
  readonly snapshot?: string | undefined;
  /**
   * Rules by which manual backups are kept.
   * @default 'forever'
   */
  readonly manual?: string | undefined;
  /**
   * Rules by which the safety backups of restores are kept.
   * @default 'all 30d'
   */
  readonly preRestore?: string | undefined;
  /**
   * So many of the newest good backups of a target are kept whatever the rules say.
   * @default 3
   */
  readonly minimum?: number | undefined;
  /**
   * Days that run records are kept.
   * @default 400
   */
  readonly runsDays?: number | undefined;
}

export interface BucketProps {
  /** @default - CloudFormation makes one up */
  readonly name?: string | undefined;
  /**
   * Below which everything lies; empty for none.
   * @default 'falkordb'
   */
  readonly prefix?: string | undefined;
  /**
   * Days for which what was removed can be brought back.
   * @default 7
   */
  readonly undoDays?: number | undefined;
  /**
   * Age in days at which monthly dumps move to Glacier Instant Retrieval; false for never.
   * @default 90
   */
  readonly coldMonthlyDays?: number | false | undefined;
  /**
   * Key for SSE-KMS. Its own policy must let the account's policies decide, as that of a new key does.
   * @default - SSE-S3
   */
  readonly kmsKeyArn?: string | undefined;
}

export interface AlertProps {
  /**
   * Each is asked by mail to confirm.
   * @default []
   */
  readonly emails?: readonly string[] | undefined;
  /**
   * Name of an existing SSM parameter, a SecureString, that holds webhooks and their secrets: docs/webhooks.md shows it.
   * @default - no webhooks
   */
  readonly webhooksParameter?: string | undefined;
  /**
   * Whether webhooks may be in the network of the function.
   * @default false
   */
  readonly allowPrivateWebhooks?: boolean | undefined;
  /**
   * Minutes that a backup may be late before it is told, from 0 to 1440. One that is being made is not late.
   * @default 60
   */
  readonly graceMinutes?: number | undefined;
}

/** Checked, with all defaults; is itself what `FalkorDbBackup` takes. */
export interface BackupOptions {
  readonly targets: readonly string[];
  readonly targetTag: string;
  readonly schedules: Complete<ScheduleProps>;
  readonly timeZone: string;
  readonly retention: Complete<RetentionProps>;
  readonly bucket: Complete<Omit<BucketProps, 'name' | 'kmsKeyArn'>> & Pick<BucketProps, 'name' | 'kmsKeyArn'>;
  readonly alerts: Complete<Omit<AlertProps, 'webhooksParameter'>> & Pick<AlertProps, 'webhooksParameter'>;
  readonly timeoutSeconds: number;
  readonly eventBusName: string;
}

type Complete<Props> = { readonly [Name in keyof Props]-?: Exclude<Props[Name], undefined> };
