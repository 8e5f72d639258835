import pMap from 'p-map';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { openStore } from '../../core/store/open-store.ts';
import { streamUpload } from '../../core/store/s3/stream-upload.ts';
import { storeBackup } from '../../test/support/stored-backups.ts';
import { measure } from '../observe/measure.ts';
import { fitLine } from '../observe/statistics.ts';
import type { Results } from '../report/results.ts';
import type { Bench } from '../scene/bench.ts';
import type { Destination, PlaceName } from '../scene/destination.ts';
import { inTurn } from './in-turn.ts';

const WRITERS = 32;
/** Between two snapshots. */
const HOURS = 4;
const HOUR_MS = 3_600_000;
const WATCHED = ['seconds', 'peakBytes'] as const;

/** How long `list` and `prune` take with so many snapshots in the store. Prune removes nearly all of them in the end. */
export async function benchGrowthOfCatalog(bench: Bench, results: Results): Promise<void> {
  for (const place of bench.places) {
    for (const count of bench.options.manifests) await benchCatalog(bench, place, count, results);
    fitLines(place, results);
  }
}

async function benchCatalog(bench: Bench, place: PlaceName, count: number, results: Results): Promise<void> {
  const { signal } = bench.options;
  const destination = await bench.destination(place);
  const store = storeOf(destination);
  const newest = Date.now();
  await pMap(
    Array.from({ length: count }, (_, index) => new Date(newest - index * HOURS * HOUR_MS)),
    (takenAt) => storeBackup(store, 'falkordb', 'snapshot', takenAt),
    { concurrency: WRITERS, signal },
  );
  const verb = (name: string, ...args: string[]) => ({
    name,
    run: () =>
      measure(undefined, async (run) => {
        const env = { ...bench.settings('redis://127.0.0.1:1'), ...destination.settings };
        await run(bench.agent.command(...args), { env, signal });
      }),
  });
  const turns = { ...bench.options, part: 'growth' as const, table: tableOf(place, count) };
  const entries = [verb('list', 'list', '--json'), verb('prune, dry run', 'prune', '--json')];
  results.series.push(...(await inTurn(turns, entries)));
  // It can be done once.
  results.series.push(...(await inTurn({ ...turns, runs: 1 }, [verb('prune --apply', 'prune', '--apply', '--json')])));
  await destination.remove();
}

function storeOf({ settings }: Destination): ObjectStore {
  const { BACKUP_STORE = '', S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY = '', S3_SECRET_KEY = '' } = settings;
  if (S3_ENDPOINT === undefined || S3_REGION === undefined) return openStore(BACKUP_STORE);
  const credentials = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };
  return openStore(BACKUP_STORE, {
    s3: { endpoint: S3_ENDPOINT, region: S3_REGION, credentials, forcePathStyle: true },
    streamUpload,
  });
}

function fitLines(place: PlaceName, results: Results): void {
  const name = `catalog, ${place}`;
  const own = results.series.filter(({ part, table }) => part === 'growth' && table.startsWith(name));
  for (const contender of new Set(own.map((series) => series.contender))) {
    for (const metric of WATCHED) {
      const points = own.flatMap(({ table, summary, ...series }) => {
        const median = series.contender === contender ? summary[metric]?.median : undefined;
        const x = Number(/(\d+) manifests$/.exec(table)?.[1]);
        return median === undefined ? [] : [[x, median] as [number, number]];
      });
      const line = fitLine(points);
      results.growth.push({ part: 'growth', table: name, contender, unit: 'manifests', metric, points, line });
    }
  }
}

function tableOf(place: PlaceName, count: number): string {
  return `catalog, ${place}, ${count} manifests`;
}
