import type { Contender } from '../contenders/contender.ts';
import { METRIC_NAMES, type MetricName, type Metrics } from '../observe/metrics.ts';
import { type Summary, summarize } from '../observe/statistics.ts';
import type { PartName, Results, Series } from '../report/results.ts';
import type { PlaceName } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';

export interface Entry {
  name: string;
  run: () => Promise<Metrics>;
}

export interface Turns {
  part: PartName;
  table: string;
  runs: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/**
 * Runs each entry once in each round, and begins each round with another one, so that neither a slow spell of the machine
 * nor the neighbour hits one of them alone. A round before them is not measured, unless there is only one.
 */
export async function inTurn({ part, table, runs, signal, say }: Turns, entries: Entry[]): Promise<Series[]> {
  const measured = new Map<Entry, Metrics[]>(entries.map((entry) => [entry, []]));
  for (let round = runs > 1 ? 0 : 1; round <= runs; round++) {
    const first = round % Math.max(1, entries.length);
    for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
      signal.throwIfAborted();
      const metrics = await entry.run();
      say(`${part} | ${table} | ${entry.name} | ${round === 0 ? 'warm-up' : `${round}/${runs}`} | ${brief(metrics)}`);
      if (round > 0) measured.get(entry)?.push(metrics);
    }
  }
  return [...measured].map(([{ name }, metrics]) => seriesOf(part, table, name, metrics));
}

/** Those contenders that this machine can run, in turn; the others are noted. */
export async function contendersInTurn(
  scene: Scene,
  place: PlaceName,
  part: PartName,
  contenders: Contender[],
  results: Results,
): Promise<void> {
  const entries: Entry[] = [];
  for (const contender of contenders) {
    const reason = await contender.missing();
    if (reason === undefined) entries.push({ name: contender.name, run: () => contender.run(scene, place) });
    else noteAbsent(results, contender.name, reason);
  }
  const table = `${scene.kind.name}, ${place}`;
  results.series.push(...(await inTurn({ ...scene.bench.options, part, table }, entries)));
}

export function noteAbsent({ absent }: Results, contender: string, reason: string): void {
  if (!absent.some((noted) => noted.contender === contender)) absent.push({ contender, reason });
}

export function seriesOf(part: PartName, table: string, contender: string, runs: Metrics[]): Series {
  const summary: Partial<Record<MetricName, Summary>> = {};
  for (const name of METRIC_NAMES) {
    const values = runs.map((metrics) => metrics[name]).filter((value) => value !== undefined);
    if (values.length > 0) summary[name] = summarize(values);
  }
  return { part, table, contender, runs, summary };
}

function brief({ seconds, p99Ms }: Metrics): string {
  if (p99Ms !== undefined) return `p99 ${p99Ms.toFixed(1)} ms`;
  return seconds === undefined ? '-' : `${seconds.toFixed(2)} s`;
}
