import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { type Clone, cloneOfSources } from './support/clone.ts';

let clone: Clone;
let folder: TemporaryFolder;
beforeAll(async () => {
  [clone, folder] = await Promise.all([cloneOfSources(), temporaryFolder()]);
});
afterAll(async () => {
  await Promise.all([clone[Symbol.asyncDispose](), folder[Symbol.asyncDispose]()]);
});

/** Neither an account nor the settings of whoever runs the tests. */
const bare = () => ({
  extendEnv: false as const,
  env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder.path },
  cwd: clone.path,
});

describe('npm run synth, as the README says', () => {
  it('builds what it needs and makes a template, without an account or a network, and has nothing to complain of', async () => {
    const synth = ['-rn', 'npm', 'run', '-s', 'synth'];
    const { all } = await execa('unshare', synth, { ...bare(), all: true });
    expect(all).toBe('FalkorDbBackup: cdk.out/FalkorDbBackup.template.json');
    const { Resources } = JSON.parse(await readFile(join(clone.path, 'cdk.out/FalkorDbBackup.template.json'), 'utf8'));
    const { pluginReports } = JSON.parse(await readFile(join(clone.path, 'cdk.out/validation-report.json'), 'utf8'));
    expect(Object.keys(Resources).length).toBeGreaterThan(30);
    expect(pluginReports).toEqual([]);
  });

  it('ends with what is wrong, and no stack, where the configuration is', async () => {
    await writeFile(join(clone.path, 'wrong.json'), JSON.stringify({ targets: ['Shop'], timeZone: 'x' }));
    const args = ['run', '-s', 'synth', '--', '-c', 'config=wrong.json', '--build', 'true'];
    const { exitCode, stderr } = await execa('npm', args, { ...bare(), reject: false });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: Wrong in wrong\.json:\n {2}- targets\[0\]: .*\n {2}- timeZone: .*\n {2}hint: docs/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('fails on a template that CloudFormation would refuse', async () => {
    const path = join(clone.path, 'infra/constructs/agent-document.ts');
    const source = await readFile(path, 'utf8');
    await writeFile(path, source.replace("documentType: 'Command'", "documentType: 'Comand'"));
    try {
      const args = ['run', '-s', 'synth', '--', '--build', 'true'];
      const { exitCode, stderr } = await execa('npm', args, { ...bare(), reject: false });
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain('Comand');
    } finally {
      await writeFile(path, source);
    }
  });
});

const APP = `import { App, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FalkorDbBackup, type FalkorDbBackupProps } from 'falkordb-backup';

const props: FalkorDbBackupProps = { targets: ['shop'], retention: { days: 7 }, schedules: { snapshot: false } };
const app = new App({ outdir: 'out', analyticsReporting: false });
const stack = new Stack(app, 'Mine');
const backup = new FalkorDbBackup(stack, 'Backup', props);
backup.grantRestore(new Role(stack, 'Own', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }), 'shop');
const bucketName: string = backup.bucket.bucketName;
// @ts-expect-error A name is no number: the types are there, and are not any.
const wrong: number = backup.bucket.bucketName;
// @ts-expect-error
new FalkorDbBackup(stack, 'Other', { targets: 'shop' }).storeUrl.length;
`;

describe('the package', () => {
  let consumer: string;
  const inPackage = (path: string) => join(consumer, 'node_modules/falkordb-backup', path);

  beforeAll(async () => {
    await execa('npm', ['run', '-s', 'build'], bare());
    // Built above.
    await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path], bare());
    const [archive = ''] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'));
    consumer = join(folder.path, 'consumer');
    await mkdir(inPackage(''), { recursive: true });
    await execa('tar', ['-xzf', join(folder.path, archive), '--strip-components=1', '-C', inPackage('')]);
    for (const name of ['aws-cdk-lib', 'constructs'])
      await symlink(resolve('node_modules', name), join(consumer, 'node_modules', name));
    await writeFile(join(consumer, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  });

  it('gives another app a construct with its types', async () => {
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, types: [] },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    };
    await writeFile(join(consumer, 'app.ts'), APP);
    await writeFile(join(consumer, 'app.cts'), APP);
    await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts', 'app.cts'] }));
    const { exitCode, stdout } = await execa(resolve('node_modules/.bin/tsc'), { cwd: consumer, reject: false });
    expect(stdout).toBe('');
    expect(exitCode).toBe(0);
  });

  it('has declarations that speak of nothing which its user does not have', async () => {
    const declarations = (await readdir(inPackage('dist/infra'), { recursive: true })).filter((name) =>
      name.endsWith('.d.ts'),
    );
    expect(declarations.toSorted()).toEqual(['constructs/falkordb-backup.d.ts', 'index.d.ts', 'props.d.ts']);
    for (const name of declarations)
      for (const [, from = ''] of (await readFile(inPackage(`dist/infra/${name}`), 'utf8')).matchAll(/from '([^']+)'/g))
        expect(from).toMatch(/^(aws-cdk-lib\/[a-z0-9-]+|constructs|\.{1,2}\/[a-z/-]+\.js)$/);
  });

  it.each([
    [
      'an ES module',
      'run.mjs',
      "import { App, Stack } from 'aws-cdk-lib';\nimport { FalkorDbBackup } from 'falkordb-backup';",
    ],
    [
      'CommonJS, as cdk init makes it',
      'run.cjs',
      "const { App, Stack } = require('aws-cdk-lib');\nconst { FalkorDbBackup } = require('falkordb-backup');",
    ],
  ])(
    'makes a template in an app that is %s, with the functions in it, and without esbuild',
    async (_, name, imports) => {
      const out = `out-${name}`;
      const code = `${imports}
      const app = new App({ outdir: '${out}', analyticsReporting: false });
      new FalkorDbBackup(new Stack(app, 'Mine'), 'Backup', { targets: ['shop'] });
      app.synth();`;
      await writeFile(join(consumer, name), code);
      // Nothing of this clone is in reach but the two packages.
      const { all } = await execa(process.execPath, [name], { ...bare(), cwd: consumer, all: true });
      expect(all).toBe('');
      const template = JSON.parse(await readFile(join(consumer, out, 'Mine.template.json'), 'utf8'));
      const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
      expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(6);
      const assets = (await readdir(join(consumer, out))).filter((entry) => entry.startsWith('asset.'));
      expect(assets).toHaveLength(6);
      for (const asset of assets) expect(await readdir(join(consumer, out, asset))).toContain('index.mjs');
    },
  );

  it('says what to do where its functions are missing', async () => {
    const code = `import { App, Stack } from 'aws-cdk-lib';
      import { FalkorDbBackup } from 'falkordb-backup';
      new FalkorDbBackup(new Stack(new App(), 'Mine'), 'Backup', { targets: ['shop'] });`;
    await execa('mv', [inPackage('dist/functions'), inPackage('dist/away')]);
    try {
      const args = ['--input-type=module', '--eval', code];
      const { stderr } = await execa(process.execPath, args, { ...bare(), cwd: consumer, reject: false });
      expect(stderr).toContain('The function start-backup is not built');
      expect(stderr).toContain('In a clone run "npm run build"');
    } finally {
      await execa('mv', [inPackage('dist/away'), inPackage('dist/functions')]);
    }
  });
});
