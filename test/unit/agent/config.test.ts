import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigSources, loadConfig } from '../../../agent/config.ts';
import { NOTICED_BY_DEFAULT } from '../../../core/model/events.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const STORE = { BACKUP_STORE: 'file:///backups' };
const load = (env: ConfigSources['env'], flags: ConfigSources['flags'] = {}, settingsFile?: string) =>
  loadConfig({ env, flags, ...(settingsFile === undefined ? {} : { settingsFile }) });

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(...sources: Parameters<typeof load>): string {
  try {
    load(...sources);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-settings' });
    if (error instanceof Error) return error.message;
  }
  throw new Error('Nothing was refused.');
}

describe('loadConfig', () => {
  it('needs nothing but a store', () => {
    expect(load(STORE)).toMatchObject({
      target: 'falkordb',
      falkordb: { host: '127.0.0.1', port: 6379, username: undefined, password: undefined, tls: false, ca: undefined },
      dataFolder: undefined,
      storeUrl: 'file:///backups',
      source: 'auto',
      compression: 'zstd',
      logLevel: 'info',
      busyTimeoutSeconds: 900,
      saveTimeoutSeconds: 3600,
      timeoutSeconds: 21_600,
    });
  });

  it('says that there must be a store, and how one looks', () => {
    expect(problemsOf({})).toContain('BACKUP_STORE is not set');
    expect(problemsOf({})).toContain('file:///');
  });

  it('reads a settings file', () => {
    const path = write('settings.env', 'BACKUP_STORE=file:///from-file\nBACKUP_TARGET=prod\n');
    expect(load({}, {}, path)).toMatchObject({ storeUrl: 'file:///from-file', target: 'prod' });
    expect(load({ BACKUP_TARGET: 'test' }, { store: 'file:///flag' }, path)).toMatchObject({
      storeUrl: 'file:///flag',
      target: 'test',
    });
  });

  it('names every wrong thing at once, files and addresses too', () => {
    const missing = join(folder, 'missing');
    const env = { FALKORDB_URL: 'http://db', FALKORDB_PASSWORD_FILE: missing, BACKUP_SOURCE: 'magic' };
    const problems = problemsOf(env, { url: 'redis://:s3cr3t@db' }, `${missing}.env`);
    expect(problems).toContain(`--settings names ${missing}.env, which cannot be read (ENOENT)`);
    expect(problems).toContain(`FALKORDB_PASSWORD_FILE names ${missing}, which cannot be read (ENOENT)`);
    expect(problems).toContain('BACKUP_SOURCE must be');
    expect(problems).toContain('--url must not hold a password');
    expect(problems).toContain('BACKUP_STORE is not set');
    expect(problems).not.toContain('s3cr3t');
  });
});

describe('older names', () => {
  it('take BACKUP_DIR for a folder, relative ones too', () => {
    expect(load({ BACKUP_DIR: '/var/my backups' }).storeUrl).toBe('file:///var/my%20backups');
    expect(load({ BACKUP_DIR: 'backups' }).storeUrl).toBe(pathToFileURL(join(process.cwd(), 'backups')).href);
  });

  it('take S3_BUCKET for a bucket', () => expect(load({ S3_BUCKET: 'my-bucket' }).storeUrl).toBe('s3://my-bucket'));

  it('give way to BACKUP_STORE', () => {
    expect(load({ ...STORE, BACKUP_DIR: '/old', S3_BUCKET: 'old' }).storeUrl).toBe('file:///backups');
  });

  it('are refused where they contradict each other', () => {
    expect(problemsOf({ BACKUP_DIR: '/a', S3_BUCKET: 'b' })).toContain('name two stores: set BACKUP_STORE');
  });
});

describe('the password', () => {
  it('comes from the URL in the environment', () => {
    const { falkordb } = load({ ...STORE, FALKORDB_URL: 'rediss://me:p%40ss@db:7000' });
    expect(falkordb).toMatchObject({ host: 'db', port: 7000, username: 'me', password: 'p@ss', tls: true });
  });

  it('comes from a file first, without the line break at its end', () => {
    const path = write('password', ' p@ss w:rd%\n');
    const env = { ...STORE, FALKORDB_URL: 'redis://me:other@db', FALKORDB_PASSWORD_FILE: path };
    expect(load(env).falkordb).toMatchObject({ username: 'me', password: ' p@ss w:rd%' });
  });

  it('is refused on the command line, and not repeated', () => {
    const problems = problemsOf(STORE, { url: 'redis://me:s3cr3t@db' });
    expect(problems).toContain('--url must not hold a password');
    expect(problems).toContain('FALKORDB_PASSWORD_FILE');
    expect(problems).not.toContain('s3cr3t');
    expect(load(STORE, { url: 'redis://me@db' }).falkordb.username).toBe('me');
  });

  it.each(['', '\n', ' \r\n'])('is not there in a file of %j, and that is said', (content) => {
    const path = write('empty-password', content);
    expect(problemsOf({ ...STORE, FALKORDB_PASSWORD_FILE: path })).toContain('without a password');
  });

  it.each(['redis://:100%@db', 'redis://:s3cr3t@db/7', 's3cr3t', 'http://:s3cr3t@db', 'redis://:s3cr3t@'])(
    'is not repeated where the URL is wrong: %s',
    (url) => {
      const problems = problemsOf({ ...STORE, FALKORDB_URL: url });
      expect(problems).toContain('FALKORDB_URL must be redis[s]://');
      expect(problems).not.toMatch(/s3cr3t|100/);
    },
  );
});

describe('files', () => {
  it('are read for the authority of a TLS server', () => {
    const path = write('ca.pem', '-----BEGIN CERTIFICATE-----\n');
    expect(load({ ...STORE, FALKORDB_CA_FILE: path }).falkordb.ca).toBe('-----BEGIN CERTIFICATE-----\n');
  });

  it.each(['FALKORDB_PASSWORD_FILE', 'FALKORDB_CA_FILE'])('that %s names must be readable', (name) => {
    expect(problemsOf({ ...STORE, [name]: folder })).toContain(
      `${name} names ${folder}, which cannot be read (EISDIR)`,
    );
  });
});

describe('the event bus', () => {
  const ARN = 'arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/backups';

  it('is none by default', () => expect(load(STORE).eventBus).toBeUndefined());

  it('is in the region of the bucket, or wherever the SDK finds out', () => {
    expect(load({ ...STORE, BACKUP_EVENT_BUS: 'default', S3_REGION: 'eu-west-1' }).eventBus).toEqual({
      name: 'default',
      region: 'eu-west-1',
    });
    const elsewhere = { ...STORE, S3_ENDPOINT: 'https://ceph.internal' };
    expect(load(elsewhere, { 'event-bus': 'backups' }).eventBus).toEqual({ name: 'backups', region: undefined });
  });

  it('is in the region of its ARN', () => {
    expect(load({ ...STORE, BACKUP_EVENT_BUS: ARN, S3_REGION: 'eu-west-1' }).eventBus).toEqual({
      name: ARN,
      region: 'us-gov-west-1',
    });
  });

  it.each(['a bus', 'arn:aws:sns:eu-west-1:123456789012:topic', 'https://bus'])('is not %s', (name) => {
    expect(problemsOf({ ...STORE, BACKUP_EVENT_BUS: name })).toContain('must be the name or the ARN of an event bus');
  });
});

describe('webhooks', () => {
  it('are none by default, and take what people have to know', () => {
    expect(load(STORE)).toMatchObject({
      webhooks: { urls: [], secret: undefined, shape: undefined, types: NOTICED_BY_DEFAULT },
      heartbeatUrl: undefined,
    });
  });

  it('are several, with one secret, of which the one in a file counts', () => {
    const env = {
      ...STORE,
      BACKUP_WEBHOOK_URL: 'https://a/1 https://b/2',
      BACKUP_WEBHOOK_SECRET: 'one',
      BACKUP_WEBHOOK_SHAPE: 'slack',
      BACKUP_NOTICES: 'prune-failed',
    };
    const webhooks = { urls: ['https://a/1', 'https://b/2'], secret: 'one', shape: 'slack', types: ['Prune Failed'] };
    expect(load(env).webhooks).toEqual(webhooks);
    const file = write('webhook-secret', 'two \n');
    expect(load({ ...env, BACKUP_WEBHOOK_SECRET_FILE: file }).webhooks).toEqual({ ...webhooks, secret: 'two' });
  });

  it('are refused all at once where they are wrong, and not repeated', () => {
    const problems = problemsOf({
      ...STORE,
      BACKUP_WEBHOOK_URL: 'https://a/s3cr3t b/s3cr3t',
      BACKUP_HEARTBEAT_URL: 'ping/s3cr3t',
      BACKUP_WEBHOOK_SECRET_FILE: write('empty-secret', '\n'),
      BACKUP_WEBHOOK_SHAPE: 'teams',
      BACKUP_NOTICES: 'backups',
      S3_ENDPOINT: 'https://me:s3cr3t@ceph',
      BACKUP_LOG_LEVEL: 'https://me:s3cr3t@host',
    });
    for (const name of ['WEBHOOK_URL', 'HEARTBEAT_URL', 'WEBHOOK_SECRET_FILE', 'WEBHOOK_SHAPE', 'NOTICES'])
      expect(problems).toContain(`BACKUP_${name}`);
    expect(problems).toContain('S3_ENDPOINT must not hold a user or a password (it is "https://…@ceph")');
    expect(problems).not.toContain('s3cr3t');
  });
});

describe('the log file', () => {
  it('has a size and a number of old ones', () => {
    const path = join(folder, 'log');
    expect(load(STORE).logFile).toBeUndefined();
    expect(load({ ...STORE, BACKUP_LOG_FILE: path }).logFile).toEqual({ path, maxBytes: 10_000_000, kept: 5 });
    const env = { ...STORE, BACKUP_LOG_FILE_MAX_MB: '1', BACKUP_LOG_FILES: '2' };
    expect(load(env, { 'log-file': path }).logFile).toEqual({ path, maxBytes: 1_000_000, kept: 2 });
  });

  it.each(['', 'missing/log'])('is no reason to refuse anything where it cannot be written: %j', (name) => {
    const path = join(folder, name);
    expect(load({ ...STORE, BACKUP_LOG_FILE: path })).toMatchObject({ logFile: { path: resolve(path) } });
  });
});
