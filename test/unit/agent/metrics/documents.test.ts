import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { METRICS, type MetricDefinition } from '../../../../agent/metrics/definitions.ts';

const RULES = 'examples/prometheus/falkordb-backup.rules.yml';
const read = (path: string) => readFile(path, 'utf8');
const anchorOf = (heading: string) => heading.toLowerCase();

it('docs/metrics.md holds the table of all metrics', async () => {
  const rows = Object.entries<MetricDefinition>(METRICS).map(
    ([name, { help, labels }]) => `| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |\n`,
  );
  expect(await read('docs/metrics.md')).toContain(
    ['| metric | labels | meaning |\n|---|---|---|\n', ...rows, '\n'].join(''),
  );
});

it.each([RULES, 'docs/metrics.md', 'docs/alarms.md', 'test/support/prometheus/falkordb-backup.test.yml'])(
  '%s names no metric that does not exist',
  async (path) => {
    const named = new Set((await read(path)).match(/\bfalkordb_backup_\w+/g));
    expect(named.size).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(METRICS)).toContain(name);
  },
);

it('docs/alarms.md explains every alert, and the rules lead to it', async () => {
  const rules = await read(RULES);
  const alarms = await read('docs/alarms.md');
  const [withPrometheus = ''] = alarms.split('## On AWS');
  const alerts = new Set([...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name));
  expect(alerts.size).toBeGreaterThan(5);
  expect([...withPrometheus.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)).toEqual([...alerts]);
  const entries = withPrometheus.split(/^### /m).slice(1);
  for (const entry of entries) {
    for (const part of ['Description', 'Investigation', 'Resolution']) expect(entry).toContain(`**${part}.**`);
  }
  const runbooks = new Set([...rules.matchAll(/runbook: (\S+)/g)].map(([, link]) => link));
  expect([...runbooks]).toEqual([...alerts].map((name) => `docs/alarms.md#${anchorOf(name)}`));
  for (const name of alerts) expect(withPrometheus).toContain(`| [${name}](#${anchorOf(name)}) |`);
});

it('each alert has a severity, and the one that docs/alarms.md says', async () => {
  const severities = [...(await read(RULES)).matchAll(/- alert: (\w+)[\s\S]*?severity: (\w+)/g)];
  expect(severities.length).toBeGreaterThan(5);
  const alarms = await read('docs/alarms.md');
  for (const [, name, severity] of severities)
    expect(alarms).toMatch(new RegExp(`^\\| \\[${name}\\]\\S+ \\| ${severity} \\|`, 'm'));
});
