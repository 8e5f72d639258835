import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadTargets } from '../../agent/service/load-targets.ts';
import { resolveSettings } from '../../agent/settings.ts';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type ComposeService, readComposeFile, secondsOf, variablesOf } from '../support/compose-files.ts';
import { Image, readStages } from '../support/dockerfile.ts';

const DOCKERFILE = 'agent/Dockerfile';
const OVERLAYS = ['examples/compose-password.yml', 'examples/compose-targets.yml'];
const WHOLE = ['docker-compose.yml', 'examples/compose-existing-falkordb.yml'];
/** What the example for a FalkorDB of one's own must be told. */
const REQUIRED = { FALKORDB_NETWORK: 'graph', FALKORDB_VOLUME: 'graph-data' };
/** Of other programs' images. */
const FOREIGN: Record<string, string[]> = {
  falkordb: ['BROWSER', 'REDIS_ARGS'],
  s3: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'S3_BUCKET'],
};
const SETTING_NAMES = Object.values<Setting>(SETTINGS).map(({ env }) => env);
/** After BACKUP_STOP_TIMEOUT_SECONDS: to undo what is at work (agent/service/local-service.ts), and to end. */
const END_SECONDS = 25;

const image = new Image(DOCKERFILE);
const [, defaultPort] = SETTINGS.listen.default.split(':');

async function backupService(path: string): Promise<ComposeService> {
  const { backup } = (await readComposeFile(path, REQUIRED)).services;
  if (!backup) throw new Error(`${path} has no service "backup"`);
  return backup;
}

/** `[host path or volume]:[path in the container](:ro)` */
const mounts = ({ volumes }: ComposeService) =>
  volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':');
    return { source, target, isReadOnly: mode === 'ro' };
  });

describe.each([...WHOLE, ...OVERLAYS])('%s', (path) => {
  test('gives each service settings that it has, with values that it takes', async () => {
    const { services } = await readComposeFile(path, REQUIRED);
    expect(services).toHaveProperty('backup');
    for (const [name, { environment }] of Object.entries(services)) {
      const known = FOREIGN[name] ?? SETTING_NAMES;
      expect(known, name).toEqual(expect.arrayContaining(Object.keys(environment)));
      if (known === SETTING_NAMES) expect(resolveSettings({ flags: {}, env: environment }).problems).toEqual([]);
    }
  });

  test('has its secrets in files that are neither committed nor put into an image', async () => {
    const { secrets, services } = await readComposeFile(path, REQUIRED);
    const used = Object.values(services).flatMap((service) => service.secrets);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(secrets).toSorted());
    for (const { file } of Object.values(secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect((await readFile('.gitignore', 'utf8')).split('\n')).toEqual(expect.arrayContaining(['/secrets/', '/.env']));
    // Everything is left out but what is named, and these are not.
    const [everything, ...named] = (await readFile('.dockerignore', 'utf8')).trim().split('\n');
    expect(everything).toBe('*');
    expect(named.filter((line) => /secret|\.env|\*/.test(line))).toEqual([]);
  });

  test('reads each secret where it is mounted', async () => {
    const { backup, falkordb } = (await readComposeFile(path, REQUIRED)).services;
    for (const service of [backup, falkordb]) {
      const mounted = service?.secrets.map((name) => `/run/secrets/${name}`) ?? [];
      const read = Object.values(service?.environment ?? {}).filter((value) => value.startsWith('/run/secrets/'));
      expect(mounted).toEqual(expect.arrayContaining(read));
    }
  });
});

describe.each(WHOLE)('%s', (path) => {
  test('asks for no variable that the installation does not explain', async () => {
    const guide = await readFile('docs/install-local.md', 'utf8');
    const names = await variablesOf(path);
    expect(names).toContain('BACKUPS_VOLUME');
    for (const name of names) expect(guide).toContain(`\`${name}\``);
  });

  test('publishes the default port of the dashboard, to this machine alone', async () => {
    const { ports, environment } = await backupService(path);
    expect(ports).toEqual([`127.0.0.1:${defaultPort}:${defaultPort}`]);
    expect(environment.BACKUP_LISTEN).toBe(`0.0.0.0:${defaultPort}`);
    for (const { ports: others } of Object.values((await readComposeFile(path, REQUIRED)).services))
      for (const port of others) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('takes images by version, and its own from nowhere', async () => {
    for (const { image: name = '', pull_policy } of Object.values((await readComposeFile(path, REQUIRED)).services)) {
      if (name === packageJson.name) expect(['build', 'never']).toContain(pull_policy);
      else expect(name).toMatch(/^[a-z/]+:v?\d+(\.\d+)+$/);
    }
  });

  test('gives the service time to stop, to undo what it has begun, and a process that collects others', async () => {
    const { stop_grace_period = '', init } = await backupService(path);
    expect(secondsOf(stop_grace_period)).toBeGreaterThan(Number(SETTINGS.stopTimeoutSeconds.default) + END_SECONDS);
    expect(init).toBe(true);
  });

  test('lets it write nothing but what is mounted: its state, scratch servers, the store and /tmp', async () => {
    const service = await backupService(path);
    expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    const writable = mounts(service).filter(({ isReadOnly }) => !isReadOnly);
    expect(writable.map(({ target }) => target).toSorted()).toEqual(
      ['/backups', ...JSON.parse(image.one('VOLUME'))].toSorted(),
    );
    expect(service.environment.BACKUP_STORE).toBe('file:///backups');
    const data = mounts(service).filter(({ target }) => target === service.environment.FALKORDB_DATA_DIR);
    expect(data).toMatchObject([{ isReadOnly: true }]);
  });
});

test('FalkorDB of docker-compose.yml keeps its data where the image says, in the volume that the agent reads', async () => {
  const { falkordb, backup } = (await readComposeFile('docker-compose.yml')).services;
  if (!falkordb || !backup) throw new Error('docker-compose.yml lacks a service');
  const [data] = mounts(falkordb);
  expect(data).toMatchObject({ target: '/var/lib/falkordb/data', isReadOnly: false });
  expect(mounts(backup)).toContainEqual({ source: data?.source, target: '/falkordb-data', isReadOnly: true });
  expect(backup.environment.FALKORDB_URL).toBe('redis://falkordb:6379');
});

test('examples/targets.json is a file of targets, for the environment of examples/compose-targets.yml', async () => {
  const { backup: one } = (await readComposeFile('docker-compose.yml')).services;
  const { backup: several } = (await readComposeFile('examples/compose-targets.yml')).services;
  const env = {
    ...one?.environment,
    ...several?.environment,
    BACKUP_DASHBOARD_TOKEN_FILE: '',
    BACKUP_TARGETS_FILE: 'examples/targets.json',
  };
  const [first, second] = loadTargets({ flags: {}, env });
  expect(first.config).toMatchObject({ dataFolder: '/falkordb-data', storeUrl: 'file:///backups' });
  expect(second?.config).toMatchObject({ source: 'replication', service: { schedules: { snapshot: null } } });
});

describe('one FalkorDB', () => {
  const npmVersion = packageJson.optionalDependencies['@falkordblite/linux-x64'].replace(/^.*falkordb\./, '');

  test('is what the tests know, the image proves on, and docker-compose.yml starts', async () => {
    const tested = `falkordb/falkordb:v${npmVersion}`;
    const [[argument] = []] = readStages(DOCKERFILE);
    expect(argument).toEqual({ name: 'ARG', text: `FALKORDB_IMAGE=${tested}` });
    const { falkordb, backup } = (await readComposeFile('docker-compose.yml')).services;
    expect(falkordb?.image).toBe(tested);
    expect(backup?.build?.args.FALKORDB_IMAGE).toBe(tested);
    expect(readFileSync('agent/falkordb/engine.ts', 'utf8')).toContain(`'${tested}'`);
  });

  test('of another version is both, by one variable', async () => {
    const { falkordb, backup } = (await readComposeFile('docker-compose.yml', { FALKORDB_VERSION: 'v9.9.9' })).services;
    expect(falkordb?.image).toBe('falkordb/falkordb:v9.9.9');
    expect(backup?.build?.args.FALKORDB_IMAGE).toBe(falkordb?.image);
  });
});
