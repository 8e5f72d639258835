import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invalidSettings, resolveSettings, type SettingSources } from '../../../agent/settings.ts';
import type { Setting } from '../../../core/model/setting.ts';
import { SETTINGS } from '../../../core/model/settings.ts';

const SECRETS = Object.values<Setting>(SETTINGS).filter(({ secret }) => secret);

const resolve = (sources: Partial<SettingSources>) => resolveSettings({ flags: {}, env: {}, ...sources });
const file = (text: string) => ({ name: 'backup.env', text });

describe('resolveSettings', () => {
  it('returns the defaults where nothing is set', () => {
    const { values, problems } = resolve({});
    expect(problems).toEqual([]);
    const withDefault = Object.entries<Setting>(SETTINGS).filter(([, setting]) => setting.default !== undefined);
    expect(Object.keys(values).toSorted()).toEqual(withDefault.map(([name]) => name).toSorted());
    expect(values).toMatchObject({
      falkordbUrl: 'redis://127.0.0.1:6379',
      target: 'falkordb',
      source: 'auto',
      compression: 'zstd',
      busyTimeoutSeconds: 900,
      saveTimeoutSeconds: 3600,
      timeoutSeconds: 21_600,
      logLevel: 'info',
      retentionDays: 30,
      retentionWeekly: 12,
      retentionMonthly: 12,
    });
  });

  it('takes a flag over the environment over the file over the default', () => {
    const flags = { target: 'flag' };
    const env = { BACKUP_TARGET: 'env' };
    const inFile = file('BACKUP_TARGET=file');
    expect(resolve({ flags, env, file: inFile }).values.target).toBe('flag');
    expect(resolve({ env, file: inFile }).values.target).toBe('env');
    expect(resolve({ file: inFile }).values.target).toBe('file');
  });

  it('counts an empty value as not set, wherever it stands', () => {
    const empty = { flags: { target: '' }, env: { BACKUP_TARGET: '', BACKUP_STORE: '' }, file: file('BACKUP_TARGET=') };
    const { values, problems } = resolve(empty);
    expect(problems).toEqual([]);
    expect(values.target).toBe('falkordb');
    expect('store' in values).toBe(false);
    expect(resolve({ ...empty, file: file('BACKUP_TARGET="file"') }).values.target).toBe('file');
  });

  it('reads comments, quotes and export in a file', () => {
    const text = '# backups\nexport BACKUP_TARGET="prod"\nBACKUP_STORE=\'file:///var/my backups\' # here\n\n';
    const { values, problems } = resolve({ file: file(text) });
    expect(problems).toEqual([]);
    expect(values).toMatchObject({ target: 'prod', store: 'file:///var/my backups' });
  });

  it('names every wrong one at once, with where it stands and what it is', () => {
    const { problems } = resolve({
      flags: { source: 'magic' },
      env: { BACKUP_TIMEOUT_SECONDS: 'soon', BACKUP_TARGET: 'Prod!' },
      file: file('BACKUP_COMPRESSION=gzip\nBACKUP_TRAGET=prod'),
    });
    expect(problems).toEqual([
      'BACKUP_TRAGET in backup.env is no setting',
      expect.stringMatching(/^BACKUP_TARGET a target is 1 to 63 .* \(it is "Prod!"\)$/),
      '--source must be auto, bgsave or replication (it is "magic")',
      'BACKUP_COMPRESSION in backup.env must be zstd or none (it is "gzip")',
      'BACKUP_TIMEOUT_SECONDS must be a whole number (it is "soon")',
    ]);
  });

  it('does not hide a wrong value behind one that it would fall back to', () => {
    expect(resolve({ flags: { target: 'Wrong' }, env: { BACKUP_TARGET: 'right' } }).problems).toHaveLength(1);
  });

  it('leaves the rest of the environment alone', () => {
    expect(resolve({ env: { PATH: '/bin', BACKUP_TRAGET: 'prod', target: 'x' } }).problems).toEqual([]);
  });

  it.each(SECRETS.map(({ env }) => [env]))('never repeats the value of %s', (env) => {
    const values = fc.string({ minLength: 8 }).filter((value) => value.trim() !== '' && !value.includes('\0'));
    fc.assert(
      fc.property(values, (value) => {
        const secret = `s3cr3t${value}`;
        const message = invalidSettings(resolve({ env: { [env]: secret, BACKUP_SOURCE: '?' } }).problems).message;
        expect(message).not.toContain('s3cr3t');
      }),
    );
  });

  it('refuses a webhook that is no URL without repeating it', () => {
    const { problems } = resolve({ env: { BACKUP_WEBHOOK_URL: 'token-0123' } });
    expect(problems).toEqual(['BACKUP_WEBHOOK_URL must be http:// or https:// URLs, with blanks between them']);
  });
});

describe('invalidSettings', () => {
  it('lists the problems, a line each', () => {
    expect(invalidSettings(['A is wrong', 'B is wrong'])).toMatchObject({
      code: 'invalid-settings',
      message: 'Wrong settings:\n  - A is wrong\n  - B is wrong',
      hint: expect.stringContaining('docs/configuration.md'),
    });
  });
});
