import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigSources, loadConfig } from '../../../agent/config.ts';

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
