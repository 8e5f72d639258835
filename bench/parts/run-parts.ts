import type { GraphKind } from '../graphs/graph-kind.ts';
import type { PartName, Results } from '../report/results.ts';
import type { Bench } from '../scene/bench.ts';
import { Scene } from '../scene/scene.ts';
import { benchBackup } from './backup.ts';
import { benchDisturbance } from './disturbance.ts';
import { benchGrowthOfCatalog } from './growth-of-catalog.ts';
import { benchGrowthOfGraphs, SHARES } from './growth-of-graphs.ts';
import { noteAbsent } from './in-turn.ts';
import { benchQuestions } from './questions.ts';
import { benchRestore } from './restore.ts';

/** Of the graphs, one is enough to see how time goes with size. */
const GROWING = 'property';

/**
 * One graph after the other: it is filled once, and all parts that work on it run on that server. What fails is noted, and
 * the rest goes on: it takes hours.
 * @throws only what `signal` says
 */
export async function runParts(
  bench: Bench,
  parts: readonly PartName[],
  kinds: readonly GraphKind[],
): Promise<Results> {
  const results: Results = { series: [], growth: [], failures: [], absent: [], graphs: [] };
  const { gateway } = bench;
  if ('missing' in gateway) noteAbsent(results, 'everything with the S3 gateway', gateway.missing);
  for (const kind of kinds) {
    const wanted = parts.filter((part) => part !== 'growth' && (part !== 'disturbance' || kind.load));
    if (wanted.length > 0) await attempt(bench, kind.name, results, () => runOn(bench, kind, wanted, results));
    if (kind.name !== GROWING || !parts.includes('growth')) continue;
    await attempt(bench, 'growth of graphs', results, () => runGrowth(bench, kind, results));
  }
  if (parts.includes('growth')) {
    await attempt(bench, 'growth of the catalog', results, () => benchGrowthOfCatalog(bench, results));
  }
  return results;
}

async function runOn(bench: Bench, kind: GraphKind, parts: readonly PartName[], results: Results): Promise<void> {
  bench.options.say(`${kind.name} | filling`);
  await using scene = await Scene.open(bench, kind, bench.options.dumpBytes);
  const { name, description } = kind;
  results.graphs.push({ name, description, batches: scene.batches, dumpBytes: await scene.dumpBytes() });
  // The last one changes the graph.
  const all = { backup: benchBackup, restore: benchRestore, questions: benchQuestions, disturbance: benchDisturbance };
  for (const [part, benchPart] of Object.entries(all)) {
    if (!parts.some((wanted) => wanted === part)) continue;
    await attempt(bench, `${part}: ${name}`, results, () => benchPart(scene, results));
  }
}

async function runGrowth(bench: Bench, kind: GraphKind, results: Results): Promise<void> {
  const [smallest = 1] = SHARES;
  await using scene = await Scene.open(bench, kind, smallest * bench.options.dumpBytes);
  await benchGrowthOfGraphs(scene, results);
}

async function attempt(bench: Bench, part: string, results: Results, run: () => Promise<void>): Promise<void> {
  const { signal, say } = bench.options;
  try {
    await run();
  } catch (error) {
    if (signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    results.failures.push({ part, message });
    say(`${part} | FAILED: ${message}`);
  }
}
