import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { resolveSettings } from '../../agent/settings.ts';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import packageJson from '../../package.json' with { type: 'json' };

const UNIT = 'examples/systemd/falkordb-backup.service';
const SETTINGS_FILE = 'examples/systemd/falkordb-backup.env';
/** To undo what is at work (agent/service/local-service.ts), and to end. */
const END_SECONDS = 25;

const settings = await readFile(SETTINGS_FILE, 'utf8');
const lines = (await readFile(UNIT, 'utf8')).split('\n').filter((line) => /^[A-Z]\w+=/.test(line));
const directives = new Map(
  lines.map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  }),
);

test('the settings are known and right, those too that are commented out', () => {
  const all = settings.replaceAll(/^#(?=[A-Z_0-9]+=)/gm, '');
  expect(Object.keys(parseEnv(all)).length).toBeGreaterThan(Object.keys(parseEnv(settings)).length);
  for (const text of [settings, all])
    expect(resolveSettings({ flags: {}, env: {}, file: { name: SETTINGS_FILE, text } }).problems).toEqual([]);
  expect(settings).not.toMatch(/^\s*(FALKORDB_PASSWORD|S3_SECRET_KEY|BACKUP_DASHBOARD_TOKEN)=/m);
});

test('the unit starts the service, with these settings and the token as a credential', () => {
  expect(directives.get('ExecStart')).toBe(`${Object.keys(packageJson.bin)[0]} run`);
  expect(directives.get('EnvironmentFile')).toBe('/etc/falkordb-backup/falkordb-backup.env');
  const [credential = ''] = directives.get('LoadCredential')?.split(':') ?? [];
  expect(directives.get('Environment')).toBe(`${SETTINGS.dashboardTokenFile.env}=%d/${credential}`);
});

test('the unit lets it write where the settings say, and nowhere else', () => {
  const { BACKUP_STATE_DIR, BACKUP_SCRATCH_DIR, BACKUP_STORE } = parseEnv(settings);
  expect(directives.get('ProtectSystem')).toBe('strict');
  expect(`/var/lib/${directives.get('StateDirectory')}`).toBe(BACKUP_STATE_DIR);
  expect(`/var/cache/${directives.get('CacheDirectory')}`).toBe(BACKUP_SCRATCH_DIR);
  expect(`file://${directives.get('ReadWritePaths')}`).toBe(BACKUP_STORE);
});

test('the unit gives it time to stop, lets it end what it has begun, and does not repeat wrong settings', () => {
  const { BACKUP_STOP_TIMEOUT_SECONDS } = parseEnv(settings);
  const longest = Math.max(Number(SETTINGS.stopTimeoutSeconds.default), Number(BACKUP_STOP_TIMEOUT_SECONDS));
  expect(Number(directives.get('TimeoutStopSec'))).toBeGreaterThan(longest + END_SECONDS);
  // The signal is not for throw-away servers.
  expect(directives.get('KillMode')).toBe('mixed');
  expect(directives.get('Restart')).toBe('on-failure');
  expect(Number(directives.get('RestartPreventExitStatus'))).toBe(EXIT_CODES.usage);
});

test('the unit hides nothing of /proc: an agent that lives would be taken for dead', () => {
  expect(directives.has('ProtectProc') || directives.has('ProcSubset')).toBe(false);
  expect(directives.get('User')).toBe('falkordb-backup');
});
