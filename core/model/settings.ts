import { z } from 'zod';
import { EVENT_TYPES, type EventType, NOTICED_BY_DEFAULT, slugOf } from './events.ts';
import { parseRules } from './retention-rules.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';
import { type Setting, seconds, text, timeZone, wholeNumber } from './setting.ts';
import { targetSchema } from './target.ts';

const retention = wholeNumber(1, 10_000);
const rules = z.string().transform((text, context) => {
  try {
    return parseRules(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});
const flag = z.enum(['true', 'false'], 'must be true or false').transform((word) => word === 'true');
/** Those whose objects can be read at once: a restore must not wait for hours. */
const READABLE_CLASSES = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
const httpUrls = z
  .string()
  .transform((words) => [...new Set(words.split(/\s+/).filter((word) => word !== ''))])
  .refine(
    (urls) => urls.length > 0 && urls.every((url) => httpUrl.safeParse(url).success),
    'must be http:// or https:// URLs, with blanks between them',
  );
const httpUrlWithoutUser = httpUrl.refine((url) => {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  return username === '' && password === '';
}, 'must not hold a user or a password');
const eventTypes = z.string().transform((words, context): readonly EventType[] => {
  if (words === 'default') return NOTICED_BY_DEFAULT;
  if (words === 'all') return EVENT_TYPES;
  const slugs = words.split(',').map((slug) => slug.trim());
  const types = EVENT_TYPES.filter((type) => slugs.includes(slugOf(type)));
  const unknown = slugs.filter((slug) => !types.some((type) => slugOf(type) === slug));
  if (unknown.length === 0) return types;
  const message = `must be default, all, or some of ${EVENT_TYPES.map(slugOf).join(',')}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** The only place where the names, meanings and rules of settings stand. */
export const SETTINGS = {
  falkordbUrl: {
    env: 'FALKORDB_URL',
    flag: 'url',
    description: 'FalkorDB to back up or to restore into: redis://[user[:password]@]host[:port], or rediss:// for TLS',
    default: 'redis://127.0.0.1:6379',
    secret: true,
    schema: text,
  },
  falkordbPasswordFile: {
    env: 'FALKORDB_PASSWORD_FILE',
    flag: 'password-file',
    description: 'File that holds the password for FALKORDB_URL',
    schema: text,
  },
  falkordbCaFile: {
    env: 'FALKORDB_CA_FILE',
    flag: 'ca-file',
    description: 'PEM file of the authority that signed the certificate of a rediss:// server',
    schema: text,
  },
  falkordbDataDir: {
    env: 'FALKORDB_DATA_DIR',
    flag: 'data-dir',
    description: "FalkorDB's data folder, where it has another path here than CONFIG GET dir says (a mount)",
    schema: text,
  },
  target: {
    env: 'BACKUP_TARGET',
    flag: 'target',
    description: 'Logical name of this FalkorDB; it is part of every backup id',
    default: 'falkordb',
    schema: targetSchema,
  },
  store: {
    env: 'BACKUP_STORE',
    flag: 'store',
    description: 'Where backups are kept: file:///folder or s3://bucket/prefix',
    schema: text,
  },
  source: {
    env: 'BACKUP_SOURCE',
    flag: 'source',
    description: 'bgsave reads the dump file, replication needs no shared folder, auto takes what works',
    default: 'auto',
    schema: z.enum(['auto', 'bgsave', 'replication'], 'must be auto, bgsave or replication'),
  },
  compression: {
    env: 'BACKUP_COMPRESSION',
    flag: 'compression',
    description: 'zstd, or none',
    default: 'zstd',
    schema: z.enum(['zstd', 'none'], 'must be zstd or none'),
  },
  busyTimeoutSeconds: {
    env: 'BACKUP_BUSY_TIMEOUT_SECONDS',
    flag: 'busy-timeout',
    description:
      'How long to wait for a save or AOF rewrite that runs already; scheduled snapshots: for another run too',
    default: '900',
    schema: seconds,
  },
  saveTimeoutSeconds: {
    env: 'BACKUP_SAVE_TIMEOUT_SECONDS',
    flag: 'save-timeout',
    description: "How long FalkorDB's own save may take",
    default: '3600',
    schema: seconds,
  },
  timeoutSeconds: {
    env: 'BACKUP_TIMEOUT_SECONDS',
    flag: 'timeout',
    description: 'How long a whole run may take',
    default: '21600',
    schema: seconds,
  },
  scratchDir: {
    env: 'BACKUP_SCRATCH_DIR',
    flag: 'scratch-dir',
    description: "Folder for throw-away servers that backups are proved on; by default the system's temporary folder",
    schema: text,
  },
  engineDir: {
    env: 'BACKUP_ENGINE_DIR',
    flag: 'engine-dir',
    description:
      'Folder with redis-server and falkordb.so for throw-away servers; by default those of an npm package, or Docker',
    schema: text,
  },
  stateDir: {
    env: 'BACKUP_STATE_DIR',
    flag: 'state-dir',
    description:
      'Folder where a restore notes how far it is, so that it can be undone; by default ~/.local/state/falkordb-backup',
    schema: text,
  },
  restoreAdvertise: {
    env: 'RESTORE_ADVERTISE',
    flag: 'advertise',
    description: 'host[:port] under which FalkorDB reaches this agent during a restore, where it cannot be told',
    schema: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/, 'must be host or host:port, with [] around IPv6'),
  },
  restoreTlsCertFile: {
    env: 'RESTORE_TLS_CERT_FILE',
    flag: 'tls-cert-file',
    description: 'PEM certificate that this agent shows during a restore to a FalkorDB with tls-replication yes',
    schema: text,
  },
  restoreTlsKeyFile: {
    env: 'RESTORE_TLS_KEY_FILE',
    flag: 'tls-key-file',
    description: 'PEM key for RESTORE_TLS_CERT_FILE',
    schema: text,
  },
  logLevel: {
    env: 'BACKUP_LOG_LEVEL',
    flag: 'log-level',
    description: 'debug, info, warn, error or silent',
    default: 'info',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
  },
  logFile: {
    env: 'BACKUP_LOG_FILE',
    flag: 'log-file',
    description: 'File that the log is written to as well, as JSON lines',
    schema: text,
  },
  logFileMaxMb: {
    env: 'BACKUP_LOG_FILE_MAX_MB',
    description: 'Size, in MB, at which the log file is put aside and a new one begun',
    default: '10',
    schema: wholeNumber(1, 10_000),
  },
  logFiles: {
    env: 'BACKUP_LOG_FILES',
    description: 'How many of those put aside are kept',
    default: '5',
    schema: wholeNumber(1, 1000),
  },
  metricsFile: {
    env: 'BACKUP_METRICS_FILE',
    flag: 'metrics-file',
    description: 'File for the textfile collector of node_exporter, written after the run (docs/metrics.md)',
    schema: z.string().regex(/\.prom$/, 'must end in .prom: node_exporter reads nothing else'),
  },
  backupDir: {
    env: 'BACKUP_DIR',
    description: 'Older name: a folder as the store, as BACKUP_STORE=file://<folder>',
    schema: text,
  },
  retentionDays: {
    env: 'BACKUP_RETENTION_DAYS',
    description: 'Days that daily backups are kept',
    default: '30',
    schema: retention,
  },
  retentionWeekly: {
    env: 'BACKUP_RETENTION_WEEKLY',
    description: 'Weeks that weekly backups are kept',
    default: '12',
    schema: retention,
  },
  retentionMonthly: {
    env: 'BACKUP_RETENTION_MONTHLY',
    description: 'Months that monthly backups are kept',
    default: '12',
    schema: retention,
  },
  retentionSnapshot: {
    env: 'BACKUP_RETENTION_SNAPSHOT',
    description: 'Rules by which snapshots are kept (docs/retention.md)',
    default: 'all 48h, daily 7d',
    schema: rules,
  },
  retentionManual: {
    env: 'BACKUP_RETENTION_MANUAL',
    description: 'Rules by which manual backups are kept',
    default: 'forever',
    schema: rules,
  },
  retentionPreRestore: {
    env: 'BACKUP_RETENTION_PRE_RESTORE',
    description: 'Rules by which the safety backups of restores are kept',
    default: 'all 30d',
    schema: rules,
  },
  retentionMinimum: {
    env: 'BACKUP_RETENTION_MINIMUM',
    description: 'So many of the newest good backups of a target are kept whatever the rules say',
    default: '3',
    schema: retention,
  },
  retentionRunsDays: {
    env: 'BACKUP_RETENTION_RUNS_DAYS',
    description: 'Days that run records are kept',
    default: '400',
    schema: retention,
  },
  retentionTimeZone: {
    env: 'BACKUP_RETENTION_TIME_ZONE',
    description: 'Time zone whose days, weeks and months the rules go by',
    default: 'UTC',
    schema: timeZone,
  },
  webhookUrls: {
    env: 'BACKUP_WEBHOOK_URL',
    description: 'Where notices are posted (docs/webhooks.md): URLs, with blanks between them',
    secret: true,
    schema: httpUrls,
  },
  webhookSecret: {
    env: 'BACKUP_WEBHOOK_SECRET',
    description: 'Signs what is posted',
    secret: true,
    schema: text,
  },
  webhookSecretFile: {
    env: 'BACKUP_WEBHOOK_SECRET_FILE',
    flag: 'webhook-secret-file',
    description: 'File that holds the secret, instead of BACKUP_WEBHOOK_SECRET',
    schema: text,
  },
  webhookShape: {
    env: 'BACKUP_WEBHOOK_SHAPE',
    flag: 'webhook-shape',
    description: 'What is posted: generic, slack, or auto, by the host of each URL',
    default: 'auto',
    // The names of core/alerts/webhook/shapes.ts; a test holds them together.
    schema: z.enum(['auto', 'generic', 'slack'], 'must be auto, generic or slack'),
  },
  notices: {
    env: 'BACKUP_NOTICES',
    flag: 'notices',
    description:
      'What is posted: default (what somebody has to know), all, or event types such as backup-failed,prune-failed',
    default: 'default',
    schema: eventTypes,
  },
  heartbeatUrl: {
    env: 'BACKUP_HEARTBEAT_URL',
    description: 'Pinged after each backup, and with /fail at its end after a failed one, as healthchecks.io has it',
    secret: true,
    schema: httpUrl,
  },
  eventBus: {
    env: 'BACKUP_EVENT_BUS',
    flag: 'event-bus',
    description: 'Name or ARN of the EventBridge bus that is told; nothing is told where it is not set',
    schema: z
      .string()
      .regex(
        /^(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:\d{12}:event-bus\/)?[/.\w-]{1,256}$/,
        'must be the name or the ARN of an event bus',
      ),
  },
  s3Endpoint: {
    env: 'S3_ENDPOINT',
    flag: 's3-endpoint',
    description: 'URL of an S3-compatible service, where it is not AWS',
    schema: httpUrlWithoutUser,
  },
  s3Region: {
    env: 'S3_REGION',
    flag: 's3-region',
    description: 'Region of the bucket; by default AWS_REGION, or us-east-1 where S3_ENDPOINT is set',
    schema: text,
  },
  s3ForcePathStyle: {
    env: 'S3_FORCE_PATH_STYLE',
    flag: 's3-force-path-style',
    description: 'true for https://host/bucket; by default true where S3_ENDPOINT is set',
    schema: flag,
  },
  s3Checksums: {
    env: 'S3_CHECKSUMS',
    flag: 's3-checksums',
    description: 'when-supported, or when-required for services that refuse the checksums of the AWS SDK',
    default: 'when-supported',
    schema: z.enum(['when-supported', 'when-required'], 'must be when-supported or when-required'),
  },
  s3StorageClass: {
    env: 'S3_STORAGE_CLASS',
    flag: 's3-storage-class',
    description: 'Storage class of dumps; one that can be read at once',
    schema: z.enum(READABLE_CLASSES, `must be one of ${READABLE_CLASSES.join(', ')}`),
  },
  s3Encryption: {
    env: 'S3_ENCRYPTION',
    flag: 's3-encryption',
    description: "AES256 or aws:kms; by default the bucket's own",
    schema: z.enum(['AES256', 'aws:kms'], 'must be AES256 or aws:kms'),
  },
  s3KmsKeyId: {
    env: 'S3_KMS_KEY_ID',
    flag: 's3-kms-key-id',
    description: 'Key for S3_ENCRYPTION=aws:kms',
    schema: text,
  },
  s3Tags: {
    env: 'S3_TAGS',
    flag: 's3-tags',
    description: 'Tags of every object: name=value, separated by commas',
    schema: z
      .string()
      .regex(/^[^=,&]+=[^=,&]*(,[^=,&]+=[^=,&]*)*$/, 'must be name=value pairs separated by commas')
      .transform((pairs) => new URLSearchParams(pairs.replaceAll(',', '&')).toString()),
  },
  s3TimeoutSeconds: {
    env: 'S3_TIMEOUT_SECONDS',
    flag: 's3-timeout',
    description: 'How long the service may be silent before a request is tried again',
    default: '60',
    schema: seconds,
  },
  ...SERVICE_SETTINGS,
  s3Bucket: { env: 'S3_BUCKET', description: 'Older name: as BACKUP_STORE=s3://<bucket>', schema: text },
  s3AccessKey: {
    env: 'S3_ACCESS_KEY',
    description: "Access key id; by default the AWS SDK's own sources (environment, profile, role)",
    secret: true,
    schema: text,
  },
  s3SecretKey: { env: 'S3_SECRET_KEY', description: 'Secret access key for S3_ACCESS_KEY', secret: true, schema: text },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = z.output<S['schema']>;

/** A setting that has a default always has a value. */
export type SettingValues = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends { default: string }
    ? ValueOf<(typeof SETTINGS)[Name]>
    : ValueOf<(typeof SETTINGS)[Name]> | undefined;
};
