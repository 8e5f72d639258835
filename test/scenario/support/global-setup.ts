import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';
import { CONFIGURATION } from './configuration.ts';
import type {} from './synthesised.ts';

/** The asset metadata is what tells which code is whose; the CDK's command line asks for it in the same way. */
const ASKED = { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true };

/** Makes the template once for all tests, by the app itself; it needs no account. */
export default async function synthesise(project: TestProject): Promise<() => Promise<void>> {
  for (const built of ['dist/agent.mjs', 'dist/functions']) {
    await access(built).catch(() => {
      throw new Error(`There is no ${built}: run "npm run build" first`);
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'falkordb-backup-synth-'));
  const [config, assets] = [join(folder, 'config.json'), join(folder, 'out')];
  await writeFile(config, JSON.stringify(CONFIGURATION));
  const { context = {} } = JSON.parse(await readFile('cdk.json', 'utf8'));
  await execa(process.execPath, ['infra/app.ts'], {
    env: { CDK_OUTDIR: assets, CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...ASKED, config }) },
  });
  const [name, ...others] = (await readdir(assets)).filter((file) => file.endsWith('.template.json'));
  if (name === undefined || others.length > 0) throw new Error('The app makes one stack');
  const template: unknown = JSON.parse(await readFile(join(assets, name), 'utf8'));
  project.provide('synthesised', { template, assets });
  return () => rm(folder, { recursive: true, force: true });
}
