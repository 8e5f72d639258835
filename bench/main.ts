/*
 * Where falkordb-backup stands beside what one would use instead: README.md says how to read what this prints.
 *
 *   npm run bench -- --size small --json bench.json --markdown bench.md
 */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GRAPH_KINDS } from './graphs/fill.ts';
import { PAGE_CACHE } from './observe/page-cache.ts';
import { runParts } from './parts/run-parts.ts';
import { describeMachine } from './report/machine.ts';
import { toMarkdown } from './report/markdown.ts';
import type { Report } from './report/report.ts';
import { PARTS, type PartName } from './report/results.ts';
import { openBench } from './scene/bench.ts';
import { SIZES, type SizeName } from './sizes.ts';

const GRAPHS = GRAPH_KINDS.map(({ name }) => name);
const INTERRUPTED = 130;

interface Flags {
  size: SizeName;
  runs: number;
  only: PartName[];
  graphs: string[];
  seed: number;
  folder: string;
  json?: string;
  markdown?: string;
}

const program = new Command('npm run bench --')
  .description('Measures backup and restore beside what one would use instead, and what they do to the database.')
  .addOption(
    new Option('--size <size>', 'of the dump: 50 MB, 500 MB or 2 GB').choices(Object.keys(SIZES)).default('small'),
  )
  .option('--runs <number>', 'of each contender, in turn', wholeNumber, 5)
  .addOption(listOption('--only <parts>', 'some of the parts', PARTS))
  .addOption(listOption('--graphs <kinds>', 'some of the graphs', GRAPHS))
  .option('--seed <number>', 'the same one makes the same graphs', wholeNumber, 42)
  .option('--folder <path>', 'on the disk that is measured', tmpdir())
  .option('--json <file>', 'write the report as JSON')
  .option('--markdown <file>', 'write the report as Markdown; by default it is printed')
  .parse();

const flags = program.opts<Flags>();
const stop = new AbortController();
// Not `once`: execa kills this process where it finds no listener but its own.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
try {
  await main(flags);
} catch (error) {
  if (!stop.signal.aborted) throw error;
  process.exitCode = INTERRUPTED;
}

async function main({ size, runs, only, graphs, seed, folder, json, markdown }: Flags): Promise<void> {
  const startedAt = new Date();
  const say = (line: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  const machine = await describeMachine(folder);
  if (machine.warning) say(machine.warning);
  await using bench = await openBench({ ...SIZES[size], runs, seed, folder, signal: stop.signal, say });
  const kinds = GRAPH_KINDS.filter(({ name }) => graphs.includes(name));
  const results = await runParts(bench, only, kinds);
  const report: Report = {
    schemaVersion: 1,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    machine,
    pageCache: PAGE_CACHE,
    options: { size, dumpBytes: SIZES[size].dumpBytes, runs, seed, parts: only, graphs },
    ...results,
  };
  if (report.failures.length > 0) process.exitCode = 1;
  if (json) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (markdown) await writeFile(markdown, toMarkdown(report));
  else process.stdout.write(toMarkdown(report));
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function listOption(words: string, description: string, all: readonly string[]): Option {
  return new Option(words, `${description}: ${all.join(',')}`).default([...all], 'all').argParser((text) => {
    const chosen = text.split(',');
    const unknown = chosen.filter((name) => !all.includes(name));
    if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${unknown.join(', ')}.`);
    return chosen;
  });
}
