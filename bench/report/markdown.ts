import { formatBytes } from '../../agent/cli/format.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../observe/metrics.ts';
import type { Summary } from '../observe/statistics.ts';
import type { Report } from './report.ts';
import type { Growth, Series } from './results.ts';

/** The report for people. */
export function toMarkdown(report: Report): string {
  const { machine, options, graphs, failures, absent, series, growth } = report;
  const tables = Map.groupBy(series, ({ part, table }) => `${part}: ${table}`);
  const grown = Map.groupBy(growth, ({ part, table }) => `${part}: ${table}`);
  return [
    `# Benchmark of ${report.startedAt.slice(0, 10)}`,
    `\`${report.command}\`, ${report.startedAt} to ${report.endedAt}.`,
    ...(machine.warning ? [`**${machine.warning}**`] : []),
    bullets([
      `machine: ${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}; ${machine.distribution}, ${machine.kernel}; disk ${machine.disk}; load ${machine.loadAtStart.toFixed(1)} at the start`,
      `versions: ${Object.entries(machine.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join('; ')}`,
      `runs: ${options.runs} of each, in turn; a cell is the median, its ratio to the first row, and in brackets the smallest and the largest`,
      `page cache: ${report.pageCache}`,
    ]),
    '## Graphs',
    bullets(
      graphs.map(({ name, description, dumpBytes }) => `${name}, ${formatBytes(dumpBytes)} of dump: ${description}`),
    ),
    ...(failures.length > 0
      ? ['## Failed', bullets(failures.map(({ part, message }) => `${part}: ${oneLine(message)}`))]
      : []),
    ...(absent.length > 0
      ? ['## Absent', bullets(absent.map(({ contender, reason }) => `${contender}: ${reason}`))]
      : []),
    ...[...tables].map(([title, rows]) => `## ${title}\n\n${comparison(rows)}`),
    ...[...grown].map(([title, rows]) => `## ${title}, as a line\n\n${lines(rows)}`),
    '',
  ].join('\n\n');
}

function bullets(lines: string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Of these, a cell has the ratio to the first row, too. */
const WITH_RATIO: readonly MetricName[] = [
  'seconds',
  'cpuSeconds',
  'serverPeakBytes',
  'storedBytes',
  'p50Ms',
  'p99Ms',
  'p999Ms',
  'perSecond',
];

function comparison(rows: Series[]): string {
  const columns = METRIC_NAMES.filter((name) => rows.some(({ summary }) => summary[name]));
  const cells = rows.map(({ contender, summary }, index) => [
    contender,
    ...columns.map((name) => {
      const reference = index > 0 && WITH_RATIO.includes(name) ? rows[0]?.summary[name] : undefined;
      return cell(name, summary[name], reference);
    }),
  ]);
  return table(['', ...columns.map((name) => METRICS[name])], cells);
}

function lines(rows: Growth[]): string {
  const cells = rows.map(({ contender, metric, unit, points, line }) => [
    contender,
    METRICS[metric],
    points.map(([x, y]) => `${Number(x.toFixed(1))} ${unit}: ${quantity(metric, y)}`).join('<br>'),
    line ? `${quantity(metric, line.slope * 1000)} per 1000 ${unit}` : '-',
    line ? quantity(metric, line.intercept) : '-',
    line ? line.rSquared.toFixed(3) : '-',
  ]);
  return table(['', 'what', 'measured', 'grows by', 'begins at', 'R²'], cells);
}

function cell(name: MetricName, summary: Summary | undefined, reference: Summary | undefined): string {
  if (!summary) return '-';
  const { median, min, max, count } = summary;
  const spread = count > 1 && min !== max ? ` (${quantity(name, min)}–${quantity(name, max)})` : '';
  const ratio = reference && reference.median > 0 ? ` ×${(median / reference.median).toFixed(2)}` : '';
  return `${quantity(name, median)}${ratio}${spread}`;
}

export function quantity(name: MetricName, value: number): string {
  if (name.endsWith('Seconds') || name === 'seconds') return `${value.toFixed(2)} s`;
  if (name.endsWith('Bytes')) return formatBytes(value);
  if (name.endsWith('Ms')) return `${value.toFixed(1)} ms`;
  return value.toFixed(0);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The JSON has all of it. */
function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, ' ').slice(0, 300);
}
