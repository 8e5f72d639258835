import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { runCommandLine } from '../../agent/cli/program.ts';
import { EXIT_CODES } from '../../core/model/errors.ts';
import { manifestSchema } from '../../core/model/manifest.ts';
import { exampleLifecycle } from '../../scripts/s3-lifecycle.ts';
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

test('docs/s3.md holds the lifecycle rules (node scripts/s3-lifecycle.ts prints them)', async () => {
  const text = await read('docs/s3.md');
  for (const json of Object.values(exampleLifecycle())) expect(text).toContain(`\`\`\`json\n${json}\n\`\`\``);
});

test('docs/cli.md explains every exit code', async () => {
  const documented = [...(await read('docs/cli.md')).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(documented).toEqual(Object.values(EXIT_CODES));
});

test('docs/cli.md has every verb', async () => {
  const text = await read('docs/cli.md');
  const verbs = await verbsOfHelp();
  expect(verbs).toContain('backup');
  for (const verb of verbs) expect(text).toMatch(new RegExp(`^\\| \`${verb}[ \`]`, 'm'));
});

test('docs/restore.md explains every step of a restore, and no exit code that does not exist', async () => {
  const text = await read('docs/restore.md');
  const code = (await read('agent/restore/restore.ts')) + (await read('agent/restore/replace-data.ts'));
  const steps = [...code.matchAll(/steps\.run\(['`](.+?)['`]/g)].map(([, step = '']) =>
    step.replace(/\$\{\w+\}/, 'backup'),
  );
  expect(steps).toContain('promote');
  for (const step of steps) expect(text).toContain(`| \`${step}\` |`);
  const codes = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
  expect(codes).toContain(EXIT_CODES.unfinishedRestore);
  expect(Object.values<number>(EXIT_CODES)).toEqual(expect.arrayContaining(codes));
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
    for (const [, target = '', anchor] of (await read(path)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const file = target === '' ? path : join(dirname(path), target);
      expect(await readdir(dirname(file)), `${path} -> ${target}`).toContain(basename(file));
      if (anchor) expect(anchorsOf(await read(file)), `${path} -> ${target}#${anchor}`).toContain(anchor);
    }
  }
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return headings.map((heading) => heading.replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

async function verbsOfHelp(): Promise<string[]> {
  const output: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      output.push(String(chunk));
      done();
    },
  });
  await runCommandLine(['--help'], {
    program: 'falkordb-backup',
    env: {},
    stdin: Readable.from([]),
    stdout: sink,
    stderr: sink,
    now: () => new Date(),
    signal: new AbortController().signal,
    exitCode: 0,
  });
  const [, commands = ''] = output.join('').split('Commands:');
  return [...commands.matchAll(/^ {2}(\w+)/gm)].map(([, verb = '']) => verb).filter((verb) => verb !== 'help');
}
