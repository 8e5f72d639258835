import { globSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Metafile } from 'esbuild';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { encodeFunctionSettings } from '../../core/model/function-settings.ts';
import { buildFunction, FUNCTIONS, type FunctionName } from '../../scripts/build-functions.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** Not minified: a stack trace is read by people. */
const MAX_BYTES = 3_000_000;

/** What only the agent needs. */
const FOREIGN = /^agent\/|node_modules\/(@aws-sdk\/lib-storage|ioredis|pino|commander|aws-cdk-lib)\//;

const ENV = encodeFunctionSettings({
  store: 's3://backups/falkordb',
  document: 'Our-Document',
  eventBus: 'default',
  targetTag: 'falkordb-backup-target',
  topicArn: 'arn:aws:sns:eu-central-1:123456789012:notices',
  startBackupFunction: 'start-backup',
  restoreFunction: 'restore',
});

let folder: TemporaryFolder;
const metafiles = new Map<FunctionName, Metafile>();
// Not those in dist: another test may be building them anew.
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of FUNCTIONS) metafiles.set(name, await buildFunction(name, folder.path));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** In a process with nothing of this clone in reach, as Lambda does it. */
function load(name: FunctionName, env: Record<string, string>) {
  const url = pathToFileURL(join(folder.path, name, 'index.mjs')).href;
  const script = `const { handler } = await import('${url}'); process.stdout.write(typeof handler);`;
  const path = dirname(process.execPath);
  return execa(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder.path,
    extendEnv: false,
    reject: false,
    env: { PATH: path, AWS_REGION: 'eu-central-1', ...env },
  });
}

test('every function of this repository is built', () => {
  const handlers = globSync('lambdas/*/handler.ts').map((path) => basename(dirname(path)));
  expect(handlers.toSorted()).toEqual([...FUNCTIONS].toSorted());
});

describe.each(FUNCTIONS)('the bundle of %s', (name) => {
  it('loads, without a word, and has a handler', async () => {
    expect(await load(name, ENV)).toMatchObject({ stdout: 'function', stderr: '', exitCode: 0 });
  });

  it('names the settings that it lacks', async () => {
    expect((await load(name, {})).stderr).toContain('lacks BACKUP_STORE');
  });

  it('holds nothing that is the agent’s, and is small', async () => {
    const inputs = Object.keys(metafiles.get(name)?.inputs ?? {});
    expect(inputs).toContain(`lambdas/${name}/handler.ts`);
    expect(inputs.filter((path) => FOREIGN.test(path))).toEqual([]);
    const { size } = await stat(join(folder.path, name, 'index.mjs'));
    expect(size).toBeLessThan(MAX_BYTES);
  });

  it('leaves `using` to Node, and goes with the licences of what it holds', async () => {
    expect((await readdir(join(folder.path, name))).toSorted()).toEqual(['THIRD-PARTY-LICENSES.txt', 'index.mjs']);
    expect(await readFile(join(folder.path, name, 'index.mjs'), 'utf8')).not.toContain('__callDispose');
    expect(await readFile(join(folder.path, name, 'THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(/^zod \d/m);
  });
});
