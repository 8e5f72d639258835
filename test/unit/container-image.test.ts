import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../agent/cli/program.ts';
import type { Setting } from '../../core/model/setting.ts';
import { SETTINGS } from '../../core/model/settings.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { Image, readStages } from '../support/dockerfile.ts';

const DOCKERFILE = 'agent/Dockerfile';
const SETTING_NAMES = Object.values<Setting>(SETTINGS).map(({ env }) => env);

const image = new Image(DOCKERFILE);
const [, defaultPort] = SETTINGS.listen.default.split(':');

describe(DOCKERFILE, () => {
  test('starts the service, by a command that there is', async () => {
    const [command = '', ...none] = image.words('ENTRYPOINT');
    expect(none).toEqual([]);
    expect(Object.keys(packageJson.bin)).toEqual([command]);
    expect(image.all('RUN').join()).toContain(`ln -s /opt/falkordb-backup/dist/agent.mjs /usr/local/bin/${command}`);
    expect(packageJson.bin[command as 'falkordb-backup']).toBe('dist/agent.mjs');
    const help = await helpOf(image.words('CMD'));
    expect(help).toMatchObject({ exitCode: 0, output: expect.stringContaining(`Usage: ${command} run `) });
  });

  test('only waits for commands on AWS, where the schedules are not its own', () => {
    const guide = readFileSync('docs/install-agent.md', 'utf8');
    const [call = ''] = /^sudo docker run (?:.*\\\n)*.*$/m.exec(guide) ?? [];
    expect(call.replaceAll(/\\\n\s*/g, '')).toMatch(/ --entrypoint sleep --no-healthcheck falkordb-backup infinity$/);
    for (const path of JSON.parse(image.one('VOLUME'))) expect(call).toContain(`:${path}"`);
  });

  test('has settings in its environment, and folders for them that are its user’s own', () => {
    const { environment } = image;
    expect(SETTING_NAMES).toEqual(expect.arrayContaining(Object.keys(environment)));
    const [, owned = ''] = /install --directory --owner=node --group=node (.*)$/.exec(image.all('RUN').join(' ')) ?? [];
    const { BACKUP_STATE_DIR, BACKUP_SCRATCH_DIR } = environment;
    expect(owned.split(' ').toSorted()).toEqual(['/backups', BACKUP_STATE_DIR, BACKUP_SCRATCH_DIR].toSorted());
    expect(JSON.parse(image.one('VOLUME'))).toEqual([BACKUP_STATE_DIR, BACKUP_SCRATCH_DIR]);
    expect(image.one('USER')).toBe('1000:1000');
  });

  test('has the engine where its environment says', () => {
    const engine = image.copies.find(({ from }) => from === 'engine');
    expect(engine?.sources.map((path) => path.replace(/^.*\//, ''))).toEqual(['redis-server', 'falkordb.so']);
    expect(`${image.one('WORKDIR')}/${engine?.to}`).toBe(`${image.environment.BACKUP_ENGINE_DIR}/`);
  });

  test('builds from what .dockerignore lets through', () => {
    const named = readFileSync('.dockerignore', 'utf8').matchAll(/^!(.*)$/gm);
    const passed = [...named].map(([, path]) => path);
    const own = image.copies.filter(({ from }) => from === undefined).flatMap(({ sources }) => sources);
    expect(passed).toEqual(expect.arrayContaining(own));
    const scripts = readStages(DOCKERFILE).flatMap((stage) =>
      stage.flatMap(({ text }) => [...text.matchAll(/node (scripts\/\S+\.ts)/g)].map(([, script]) => script)),
    );
    expect(scripts).toEqual(['scripts/build-agent.ts', 'scripts/build-page.ts']);
    expect(passed).toContain('scripts');
  });

  test('takes all images by version', () => {
    const stages = readStages(DOCKERFILE).slice(1);
    const [engine, ...others] = stages.map(([from]) => from?.text.replace(/^--platform=\S+ /, '').split(' ')[0]);
    // Its version is that of docker-compose.yml (container-compose.test.ts).
    expect(engine).toBe(`\${FALKORDB_IMAGE}`);
    expect(others).toEqual(['node:24-trixie-slim', 'node:24-trixie-slim']);
  });
});

describe('the health check of the image', () => {
  const [node = '', ...words] = image.words('HEALTHCHECK');

  test.each([
    [200, 0],
    [503, 1],
  ])('asks /healthz on the port of BACKUP_LISTEN: %i is %i', async (status, exitCode) => {
    await using server = await listen(status);
    expect(await check({ BACKUP_LISTEN: `0.0.0.0:${server.port}` })).toBe(exitCode);
    expect(server.asked).toEqual(['/healthz']);
  });

  test('fails where nobody listens', async () => {
    const { port, [Symbol.asyncDispose]: close } = await listen(200);
    await close();
    expect(await check({ BACKUP_LISTEN: `0.0.0.0:${port}` })).toBe(1);
  });

  test('asks the default port where none is set', () => {
    expect(image.one('EXPOSE')).toBe(defaultPort);
    expect(words.join(' ')).toContain(`|| ${defaultPort})`);
  });

  async function check(env: Record<string, string>): Promise<number | null> {
    expect(node).toBe('node');
    const child = spawn(process.execPath, words, { env, stdio: 'ignore' });
    const [exitCode] = await once(child, 'exit');
    return exitCode;
  }
});

async function listen(status: number) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => void (await new Promise((resolve) => server.close(resolve)));
  return { asked, port, [Symbol.asyncDispose]: close };
}

async function helpOf(args: string[]): Promise<{ exitCode: number; output: string }> {
  const chunks: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  const cli = {
    program: 'falkordb-backup',
    env: {},
    stdin: Readable.from([]),
    stdout: sink,
    stderr: sink,
    now: () => new Date(),
    signal: new AbortController().signal,
    exitCode: 0,
  };
  await runCommandLine([...args, '--help'], cli);
  return { exitCode: cli.exitCode, output: chunks.join('') };
}
