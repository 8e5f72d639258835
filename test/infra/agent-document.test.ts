import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest, WORD_NAMES } from '../../core/model/request.ts';
import { REQUEST_PARAMETERS, toSsmParameters } from '../../core/model/request-parameters.ts';
import { agentDocumentContent, agentScript } from '../../infra/agent-document-content.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const OPTIONS = { timeoutSeconds: 21_600, commandTimeoutSeconds: 21_900 };

describe('the document', () => {
  const content = agentDocumentContent(OPTIONS);
  const script = content.mainSteps.flatMap(({ inputs }) => inputs.runCommand).join('\n');

  it('is what SSM takes', () => {
    expect(content).toMatchObject({
      schemaVersion: '2.2',
      mainSteps: [
        {
          action: 'aws:runShellScript',
          precondition: { StringEquals: ['platformType', 'Linux'] },
          inputs: { timeoutSeconds: '21900' },
        },
      ],
    });
    expect(JSON.stringify(content).length).toBeLessThan(64 * 1024);
  });

  it('has a parameter for each word of a request, which reaches the script by its environment alone', () => {
    expect(Object.keys(content.parameters)).toEqual(WORD_NAMES.map((word) => REQUEST_PARAMETERS[word].name));
    for (const word of WORD_NAMES) {
      const { name, ...rule } = REQUEST_PARAMETERS[word];
      expect(content.parameters[name]).toEqual({ type: 'String', ...rule, interpolationType: 'ENV_VAR' });
    }
    // What stands in double braces would be put into the text of the script.
    expect(script).not.toContain('{{');
  });

  it.each(['sh', 'dash', 'bash'])('has a script that %s can read', async (shell) => {
    await execa(shell, ['-n'], { input: script });
  });

  it('expands no variable outside of quotes', () => {
    const unquoted = script.replaceAll(/"[^"]*"/g, '""').replaceAll(/'[^']*'/g, "''");
    expect(unquoted.match(/\$(?!\()/g)).toBeNull();
  });
});

describe('the script', () => {
  let folder: TemporaryFolder;
  let bin: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    bin = join(folder.path, 'bin');
    await mkdir(bin);
    for (const name of ['sh', 'cat']) await command(name, `exec /bin/${name} "$@"`);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const command = async (name: string, body: string) => {
    await writeFile(join(bin, name), `#!/bin/dash\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  };
  /** Writes down what it was called with. */
  const recording = (name: string) => `printf '%s\\n' "$@" > '${join(folder.path, name)}'`;
  const recorded = async (name: string) => (await readFile(join(folder.path, name), 'utf8')).split('\n').slice(0, -1);
  const docker = (containers: string, ps = 'true', exec = 'true') =>
    command(
      'docker',
      `if [ "$1" = ps ]; then ${recording('ps')}; ${ps}; printf '${containers}'; else ${recording('exec')}; ${exec}; fi`,
    );
  const agent = (body = 'true') =>
    command(
      'falkordb-backup',
      `${recording('agent')}; printf %s "\${AWS_REGION-}" > '${join(folder.path, 'region')}'; ${body}`,
    );

  const request = encodeRequest({
    action: 'backup',
    target: 'shop',
    runId: '20261122T023000Z-daily',
    tier: 'daily',
    scheduledFor: '2026-11-22T02:30:00Z',
  });
  const environmentOf = (words: typeof request) =>
    Object.fromEntries(Object.entries(toSsmParameters(words)).map(([name, [value]]) => [`SSM_${name}`, value]));
  const run = (env: Record<string, string | undefined> = environmentOf(request)) => {
    const text = agentScript(OPTIONS, folder.path).replace('/usr/local/bin:/snap/bin', '/nowhere');
    return execa('/bin/dash', [], { input: text, env: { ...env, PATH: bin }, extendEnv: false, reject: false });
  };
  const words = WORD_NAMES.map((word) => `${word}=${request[word]}`);

  it('runs the agent in the container of the target', async () => {
    await docker('0123456789ab\\n');
    expect(await run()).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await recorded('ps')).toEqual([
      ...['ps', '--quiet', '--filter', 'label=falkordb-backup.target=shop', '--filter', 'status=running'],
    ]);
    const expected = ['exec', '0123456789ab', 'falkordb-backup', 'execute', '--timeout', '21600', ...words];
    expect(await recorded('exec')).toEqual(expected);
  });

  it('ends as the agent ends', async () => {
    await docker('0123456789ab\\n', 'true', 'echo out; echo err >&2; exit 10');
    expect(await run()).toMatchObject({ exitCode: 10, stdout: 'out', stderr: 'err' });
  });

  it.each([
    'a b',
    '$(touch pwned)',
    '`touch pwned`',
    "'; touch pwned; '",
    '"; touch pwned; "',
    '*',
    '\\n',
    '-x',
    '../x',
    'ä',
  ])('hands on %j as it is, should it ever come so far', async (value) => {
    await docker('0123456789ab\\n');
    const env = Object.fromEntries(Object.keys(environmentOf(request)).map((name) => [name, value]));
    expect(await run(env)).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await recorded('exec')).slice(6)).toEqual(WORD_NAMES.map((word) => `${word}=${value}`));
    expect(await recorded('ps')).toContain(`label=falkordb-backup.target=${value}`);
  });

  it('runs nothing where the SSM agent gives it no environment', async () => {
    await docker('0123456789ab\\n');
    const { exitCode, stderr } = await run({});
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('SSM_RequestVersion: is missing: the SSM agent of this host is older than 3.3.2746.0');
    await expect(recorded('ps')).rejects.toThrow('ENOENT');
  });

  it.each(['SSM_Action', 'SSM_Target'])('runs nothing without %s', async (name) => {
    await docker('0123456789ab\\n');
    const { exitCode, stderr } = await run({ ...environmentOf(request), [name]: undefined });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(`${name}: is empty`);
    await expect(recorded('ps')).rejects.toThrow('ENOENT');
  });

  it('takes what is not in the environment as not given', async () => {
    await docker('0123456789ab\\n');
    const { SSM_Options: _, ...env } = environmentOf(request);
    expect(await run(env)).toMatchObject({ exitCode: 0 });
    expect(await recorded('exec')).toContain('options=');
  });

  it('chooses none of several containers', async () => {
    await docker('0123456789ab\\nba9876543210\\n');
    await agent();
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(69);
    expect(stderr).toContain('Several running containers have the label falkordb-backup.target=shop');
    for (const name of ['exec', 'agent']) await expect(recorded(name)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['without docker', undefined],
    ["where no container is the target's", () => docker('')],
    ['where docker cannot be asked', () => docker('', 'echo "Cannot connect to the Docker daemon" >&2; exit 1')],
  ])('runs the installed agent with the settings of the target, %s', async (_, setUp) => {
    await setUp?.();
    await agent('exit 8');
    const settings = join(folder.path, 'shop.env');
    await writeFile(settings, 'BACKUP_TARGET=shop\n');
    expect(await run()).toMatchObject({ exitCode: 8 });
    expect(await recorded('agent')).toEqual(['execute', '--timeout', '21600', '--settings', settings, ...words]);
  });

  it('tells the installed agent its region, unless it knows better', async () => {
    await agent();
    await writeFile(join(folder.path, 'shop.env'), '');
    const region = () => readFile(join(folder.path, 'region'), 'utf8');
    await run({ ...environmentOf(request), AWS_SSM_REGION_NAME: 'eu-central-1' });
    expect(await region()).toBe('eu-central-1');
    await run({ ...environmentOf(request), AWS_SSM_REGION_NAME: 'eu-central-1', AWS_REGION: 'us-east-1' });
    expect(await region()).toBe('us-east-1');
  });

  it('says what is missing where the installed agent has no settings of the target', async () => {
    await agent();
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(69);
    expect(stderr).toContain(`has no settings in ${folder.path}/shop.env: see docs/install-agent.md`);
    await expect(recorded('agent')).rejects.toThrow('ENOENT');
  });

  it('says what is missing where there is no agent at all', async () => {
    await docker('', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(69);
    expect(stderr).toContain('Cannot connect to the Docker daemon');
    expect(stderr).toContain('falkordb-backup is not installed on this host: see docs/install-agent.md');
  });
});
