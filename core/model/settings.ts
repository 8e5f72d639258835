import { z } from 'zod';
import { targetSchema } from './target.ts';

/** One thing that a user can set. The table below is the only place where its names, meaning and rule stand. */
export interface Setting {
  /** Its name in the environment and in a settings file. */
  env: string;
  /** Its flag on the command line, without the dashes. A secret has none: argument lists can be read by others. */
  flag?: string;
  description: string;
  /** As text, as a user would write it. */
  default?: string;
  secret?: true;
  schema: z.ZodType<unknown, string>;
}

const MAX_SECONDS = 7 * 24 * 3600;

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

const seconds = wholeNumber(1, MAX_SECONDS);
const retention = wholeNumber(1, 10_000);
const text = z.string().min(1, 'must not be empty');
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });

export const SETTINGS = {
  falkordbUrl: {
    env: 'FALKORDB_URL',
    flag: 'url',
    description: 'FalkorDB to back up: redis://[user[:password]@]host[:port], or rediss:// for TLS',
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
    description: 'Where backups are kept: file:///folder',
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
    description: 'How long to wait for a save or an AOF rewrite that runs already',
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
  logLevel: {
    env: 'BACKUP_LOG_LEVEL',
    flag: 'log-level',
    description: 'debug, info, warn, error or silent',
    default: 'info',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
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
  webhookUrl: {
    env: 'BACKUP_WEBHOOK_URL',
    description: 'Where notices are posted',
    secret: true,
    schema: httpUrl,
  },
  s3Endpoint: { env: 'S3_ENDPOINT', description: 'Older name: URL of an S3-compatible service', schema: httpUrl },
  s3Bucket: { env: 'S3_BUCKET', description: 'Older name: bucket of the store', schema: text },
  s3AccessKey: { env: 'S3_ACCESS_KEY', description: 'Older name: S3 access key id', secret: true, schema: text },
  s3SecretKey: { env: 'S3_SECRET_KEY', description: 'Older name: S3 secret access key', secret: true, schema: text },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = z.output<S['schema']>;

/** A setting that has a default always has a value. */
export type SettingValues = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends { default: string }
    ? ValueOf<(typeof SETTINGS)[Name]>
    : ValueOf<(typeof SETTINGS)[Name]> | undefined;
};
