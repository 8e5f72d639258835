import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measureOwnBackup, runAgent, type Source } from '../contenders/ours.ts';
import { measureRestore, provedBackup } from '../contenders/restores.ts';
import { measure } from '../observe/measure.ts';
import type { Metrics } from '../observe/metrics.ts';
import { fitLine } from '../observe/statistics.ts';
import type { Results } from '../report/results.ts';
import type { Destination } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';
import { type Entry, inTurn } from './in-turn.ts';

/** Of the size that was asked for. */
export const SHARES = [0.25, 0.5, 0.75, 1];
const WATCHED = ['seconds', 'peakBytes', 'storedBytes', 'serverPeakBytes'] as const;
const BYTES_OF_MB = 1_000_000;

/** How time, memory and stored bytes go with the size of the graph: the scene's grows from share to share. */
export async function benchGrowthOfGraphs(scene: Scene, results: Results): Promise<void> {
  const { dumpBytes, ...options } = scene.bench.options;
  const byContender = new Map<string, { x: number; summary: (typeof results.series)[number]['summary'] }[]>();
  for (const share of scene.bench.options.few(SHARES)) {
    await scene.grow(share * dumpBytes);
    const megabytes = (await scene.dumpBytes()) / BYTES_OF_MB;
    const table = `${scene.kind.name}, folder, ${share * 100} % of the size (a dump of ${megabytes.toFixed(1)} MB)`;
    const proved = await provedBackup(scene, 'folder');
    const entries: Entry[] = [
      { name: 'backup, bgsave', run: () => backUpOnce(scene, 'bgsave') },
      { name: 'backup, replication', run: () => backUpOnce(scene, 'replication') },
      { name: 'verify', run: () => read(scene, proved, ['verify']) },
      {
        name: 'fetch',
        run: async () => {
          const output = join(scene.bench.folder, 'fetched.rdb');
          const metrics = await read(scene, proved, ['fetch', '--output', output]);
          await rm(output);
          return metrics;
        },
      },
      {
        name: 'restore, proved',
        run: async () => {
          const metrics = await measureRestore(scene, proved);
          await proved.remove('pre-restore/');
          return metrics;
        },
      },
    ];
    const series = await inTurn({ ...options, part: 'growth', table }, entries);
    await proved.remove();
    results.series.push(...series);
    for (const { contender, summary } of series) {
      byContender.set(contender, [...(byContender.get(contender) ?? []), { x: megabytes, summary }]);
    }
  }
  for (const [contender, found] of byContender) {
    for (const metric of WATCHED) {
      const points = found.flatMap(({ x, summary }) =>
        summary[metric] ? [[x, summary[metric].median] as [number, number]] : [],
      );
      if (points.length === 0) continue;
      const table = `${scene.kind.name}, folder`;
      results.growth.push({
        part: 'growth',
        table,
        contender,
        unit: 'MB of dump',
        metric,
        points,
        line: fitLine(points),
      });
    }
  }
}

async function read(scene: Scene, destination: Destination, args: string[]): Promise<Metrics> {
  await destination.coolDown();
  return measure(undefined, async (run) => void (await runAgent(scene, destination, args, { run })));
}

async function backUpOnce(scene: Scene, source: Source): Promise<Metrics> {
  const destination = await scene.bench.destination('folder');
  const metrics = await measureOwnBackup(scene, destination, source);
  await destination.remove();
  return metrics;
}
