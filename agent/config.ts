import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EventBus } from '../core/alerts/event-bridge.ts';
import type { ShapeName } from '../core/alerts/webhook/shapes.ts';
import { systemErrorCode } from '../core/model/errors.ts';
import type { EventType } from '../core/model/events.ts';
import type { RetentionPolicy } from '../core/model/retention.ts';
import type { Duration } from '../core/model/retention-rules.ts';
import { toRetention } from '../core/model/retention-settings.ts';
import { isSendableToken, TOKEN_RULE } from '../core/model/service-settings.ts';
import type { SettingValues } from '../core/model/settings.ts';
import type { S3Options } from '../core/store/s3/s3-options.ts';
import { type Address, parseAddress } from './falkordb/address.ts';
import type { SourceSetting } from './falkordb/open-dump.ts';
import type { LogFile } from './logging/rotating-file.ts';
import type { Compression } from './pipeline/codec.ts';
import { type ServiceConfig, scheduleProblems, toServiceConfig } from './service/config.ts';
import { invalidSettings, resolveSettings, type SettingSources } from './settings.ts';

const BYTES_OF_MB = 1_000_000;

/** What the verbs need, checked as a whole. */
export interface Config {
  target: string;
  falkordb: Address;
  dataFolder: string | undefined;
  storeUrl: string;
  s3: S3Options;
  source: SourceSetting;
  compression: Compression;
  scratchFolder: string;
  /** Where the binaries of throw-away servers are; undefined for those that can be found. */
  engineFolder: string | undefined;
  /** Where a restore notes how far it is. */
  stateFolder: string;
  /** Where FalkorDB reaches this agent during a restore; undefined where that can be told by its connection. */
  advertise: HostAndPort | undefined;
  /** What this agent shows as a master, in PEM; undefined for a plain connection. */
  replicationTls: { cert: string; key: string } | undefined;
  retention: RetentionPolicy;
  /** Of run records. */
  keepRuns: Duration;
  /** That is told what happens; undefined where none is. */
  eventBus: EventBus | undefined;
  webhooks: Webhooks;
  /** A secret. */
  heartbeatUrl: string | undefined;
  logLevel: string;
  /** That is written besides stderr. */
  logFile: LogFile | undefined;
  /** Where commands leave metrics when they end; undefined for nowhere. */
  metricsFile: string | undefined;
  busyTimeoutSeconds: number;
  saveTimeoutSeconds: number;
  timeoutSeconds: number;
  service: ServiceConfig;
}

/** Where notices are posted, and which. */
export interface Webhooks {
  /** Secrets. */
  urls: string[];
  /** Signs what is posted. */
  secret: string | undefined;
  /** By default that of the URL's host. */
  shape: ShapeName | undefined;
  types: readonly EventType[];
}

export interface HostAndPort {
  host: string;
  /** Undefined for any free one. */
  port: number | undefined;
}

export interface ConfigSources {
  flags: Record<string, string>;
  env: Record<string, string | undefined>;
  settingsFile?: string | undefined;
}

/** @param problems gets one more where the settings file cannot be read */
export function readSources({ flags, env, settingsFile }: ConfigSources, problems: string[]): SettingSources {
  const text = readSettingFile(settingsFile, '--settings', problems);
  return {
    flags,
    env,
    ...(settingsFile === undefined || text === undefined ? {} : { file: { name: settingsFile, text } }),
  };
}

/** @throws invalid-settings, naming every wrong one at once */
export function loadConfig({ flags, env, settingsFile }: ConfigSources): Config {
  const fileProblems: string[] = [];
  const { values, problems } = resolveSettings(readSources({ flags, env, settingsFile }, fileProblems));
  problems.unshift(...fileProblems);
  if (flags.url !== undefined && parseAddress(flags.url)?.password !== undefined) {
    problems.push('--url must not hold a password: argument lists can be read by others; use FALKORDB_PASSWORD_FILE');
  }
  const falkordb = parseAddress(values.falkordbUrl ?? '');
  if (!falkordb)
    problems.push('FALKORDB_URL must be redis[s]://[user[:password]@]host[:port], with % in a password written %25');
  const password = readSettingFile(values.falkordbPasswordFile, 'FALKORDB_PASSWORD_FILE', problems)?.trimEnd();
  if (password === '') problems.push('FALKORDB_PASSWORD_FILE names a file without a password in it');
  const webhookSecret = readSettingFile(values.webhookSecretFile, 'BACKUP_WEBHOOK_SECRET_FILE', problems)?.trimEnd();
  if (webhookSecret === '') problems.push('BACKUP_WEBHOOK_SECRET_FILE names a file without a secret in it');
  const dashboardToken = readSettingFile(values.dashboardTokenFile, 'BACKUP_DASHBOARD_TOKEN_FILE', problems)?.trimEnd();
  if (dashboardToken !== undefined && !isSendableToken(dashboardToken))
    problems.push(`BACKUP_DASHBOARD_TOKEN_FILE: what is in the file ${TOKEN_RULE}`);
  problems.push(...scheduleProblems(values));
  const ca = readSettingFile(values.falkordbCaFile, 'FALKORDB_CA_FILE', problems);
  const cert = readSettingFile(values.restoreTlsCertFile, 'RESTORE_TLS_CERT_FILE', problems);
  const key = readSettingFile(values.restoreTlsKeyFile, 'RESTORE_TLS_KEY_FILE', problems);
  if (!values.restoreTlsCertFile !== !values.restoreTlsKeyFile)
    problems.push('RESTORE_TLS_CERT_FILE and RESTORE_TLS_KEY_FILE are set only together');
  const storeUrl = chooseStore(values, problems);
  if (!values.s3AccessKey !== !values.s3SecretKey)
    problems.push('S3_ACCESS_KEY and S3_SECRET_KEY are set only together');
  if (values.s3KmsKeyId && values.s3Encryption !== 'aws:kms')
    problems.push('S3_KMS_KEY_ID needs S3_ENCRYPTION=aws:kms');
  if (problems.length > 0 || !falkordb || !storeUrl) throw invalidSettings(problems);
  const settings = values as SettingValues;
  const { policy, keepRuns } = toRetention(settings);
  return {
    target: settings.target,
    falkordb: { ...falkordb, ca, password: password ?? falkordb.password },
    dataFolder: settings.falkordbDataDir,
    storeUrl,
    s3: s3Options(settings),
    source: settings.source,
    compression: settings.compression,
    scratchFolder: resolve(settings.scratchDir ?? tmpdir()),
    engineFolder: settings.engineDir === undefined ? undefined : resolve(settings.engineDir),
    stateFolder: resolve(settings.stateDir ?? join(homedir(), '.local/state/falkordb-backup')),
    advertise: settings.restoreAdvertise === undefined ? undefined : parseHostAndPort(settings.restoreAdvertise),
    replicationTls: cert === undefined || key === undefined ? undefined : { cert, key },
    retention: policy,
    keepRuns,
    eventBus: eventBus(settings),
    webhooks: {
      urls: settings.webhookUrls ?? [],
      secret: webhookSecret ?? settings.webhookSecret,
      shape: settings.webhookShape === 'auto' ? undefined : settings.webhookShape,
      types: settings.notices,
    },
    heartbeatUrl: settings.heartbeatUrl,
    logLevel: settings.logLevel,
    logFile: logFile(settings),
    metricsFile: settings.metricsFile === undefined ? undefined : resolve(settings.metricsFile),
    busyTimeoutSeconds: settings.busyTimeoutSeconds,
    saveTimeoutSeconds: settings.saveTimeoutSeconds,
    timeoutSeconds: settings.timeoutSeconds,
    service: toServiceConfig(settings, dashboardToken),
  };
}

/** By default the region of AWS's own settings, not that of a store elsewhere. */
function eventBus({ eventBus: name, s3Region }: SettingValues): EventBus | undefined {
  if (name === undefined) return undefined;
  const [, ownRegion] = /^arn:[^:]*:events:([^:]+):/.exec(name) ?? [];
  return { name, region: ownRegion ?? s3Region };
}

function logFile({ logFile: path, logFileMaxMb, logFiles: kept }: SettingValues): LogFile | undefined {
  return path === undefined ? undefined : { path: resolve(path), maxBytes: logFileMaxMb * BYTES_OF_MB, kept };
}

function parseHostAndPort(text: string): HostAndPort {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? undefined : Number(port) };
}

/** A service with an endpoint of its own mostly has neither regions nor a host name for each bucket. */
function s3Options(settings: SettingValues): S3Options {
  const { s3Endpoint: endpoint, s3AccessKey: accessKeyId, s3SecretKey: secretAccessKey } = settings;
  const region = settings.s3Region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const { s3StorageClass: storageClass, s3Encryption: encryption, s3KmsKeyId: kmsKeyId, s3Tags: tagging } = settings;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    forcePathStyle: settings.s3ForcePathStyle ?? endpoint !== undefined,
    checksums: settings.s3Checksums,
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    ...(tagging === undefined ? {} : { tagging }),
    timeoutSeconds: settings.s3TimeoutSeconds,
  };
}

/** The older names stand for a store only where the newer one does not say which. */
function chooseStore({ store, backupDir, s3Bucket }: Partial<SettingValues>, problems: string[]): string | undefined {
  if (store) return store;
  if (backupDir && s3Bucket) problems.push('BACKUP_DIR and S3_BUCKET name two stores: set BACKUP_STORE');
  if (backupDir) return pathToFileURL(resolve(backupDir)).href;
  if (s3Bucket) return `s3://${s3Bucket}`;
  problems.push('BACKUP_STORE is not set: where backups are kept, for example file:///var/backups/falkordb');
  return undefined;
}

function readSettingFile(path: string | undefined, setting: string, problems: string[]): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.push(`${setting} names ${path}, which cannot be read (${systemErrorCode(error)})`);
    return undefined;
  }
}
