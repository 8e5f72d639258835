import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../agent/config.ts';
import { Access } from '../../../../agent/web/access.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const ENV = { FALKORDB_URL: 'redis://127.0.0.1:6379', BACKUP_STORE: 'file:///var/backups' };
const load = (env: Record<string, string>) =>
  loadConfig({ flags: {}, env: { ...ENV, ...env }, settingsFile: undefined });
const NOT_SENDABLE = [
  'short',
  'sixteen with blanks',
  'tab\tin\tthe\tmiddle',
  'schlüssel-mit-umlaut',
  'ключ-из-кириллицы',
  'x'.repeat(15),
];

describe('a token that a service is started with', () => {
  test.each(NOT_SENDABLE)('is refused where nobody could send it: %j', async (token) => {
    const problem = /must have at least 16 characters: ASCII, and no blanks/;
    expect(() => load({ BACKUP_DASHBOARD_TOKEN: token })).toThrow(problem);
    expect(() => load({ BACKUP_DASHBOARD_TOKEN: token })).not.toThrow(token);
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'token');
    await writeFile(path, `${token}\n`);
    expect(() => load({ BACKUP_DASHBOARD_TOKEN_FILE: path })).toThrow(problem);
    expect(() => load({ BACKUP_DASHBOARD_TOKEN_FILE: path })).toThrow('BACKUP_DASHBOARD_TOKEN_FILE');
    expect(() => load({ BACKUP_DASHBOARD_TOKEN_FILE: path })).not.toThrow(token);
  });

  test.each(['x'.repeat(16), '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'])('can be sent: %s', async (token) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'token');
    await writeFile(path, `${token}\n`);
    for (const env of [{ BACKUP_DASHBOARD_TOKEN: token }, { BACKUP_DASHBOARD_TOKEN_FILE: path }]) {
      const access = new Access(load(env).service.dashboardToken);
      expect(() => access.assertToken(`Bearer ${token}`, 'a')).not.toThrow();
    }
  });
});
