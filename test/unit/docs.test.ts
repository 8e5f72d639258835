import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { manifestSchema } from '../../core/model/manifest.ts';
import { examplePolicies } from '../../scripts/s3-policies.ts';
import { settingsTable } from '../../scripts/settings-table.ts';

const read = (path: string) => readFile(path, 'utf8');

test('docs/configuration.md holds the table of all settings (node scripts/settings-table.ts prints it)', async () => {
  expect(await read('docs/configuration.md')).toContain(settingsTable());
});

test('docs/s3.md holds the policies (node scripts/s3-policies.ts prints them)', async () => {
  const text = await read('docs/s3.md');
  for (const [title, json] of Object.entries(examplePolicies()))
    expect(text).toContain(`### ${title}\n\n\`\`\`json\n${json}\n`);
});

test('docs/cli.md explains every exit code', async () => {
  const documented = [...(await read('docs/cli.md')).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(documented).toEqual(Object.values(EXIT_CODES));
});

test('docs/architecture.md explains every field of the manifest', async () => {
  const text = await read('docs/architecture.md');
  for (const field of Object.keys(manifestSchema.shape)) {
    if (field !== 'schemaVersion') expect(text, field).toContain(`\`${field}\``);
  }
});

test('no link between the documents is broken', async () => {
  const names = (await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md'));
  const paths = ['README.md', 'CHANGELOG.md', ...names.map((name) => join('docs', name))];
  for (const path of paths) {
    for (const [, target = ''] of (await read(path)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      const folder = await readdir(dirname(join(dirname(path), target)));
      expect(folder, `${path} -> ${target}`).toContain(target.replace(/\/$/, '').split('/').at(-1));
    }
  }
});
