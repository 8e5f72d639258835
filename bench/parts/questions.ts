import { join } from 'node:path';
import { ZSTD_LEVEL } from '../../agent/pipeline/codec.ts';
import { resticSettings } from '../contenders/backup-by-hand.ts';
import { measureOwnBackup, ownBackup } from '../contenders/ours.ts';
import { missingPrograms } from '../contenders/programs.ts';
import { GRAPH } from '../graphs/fill.ts';
import { measure, runCommand } from '../observe/measure.ts';
import { settle } from '../observe/page-cache.ts';
import type { Results } from '../report/results.ts';
import type { Scene } from '../scene/scene.ts';
import { type Entry, inTurn, noteAbsent, seriesOf } from './in-turn.ts';
import { benchUploads, UPLOADS } from './uploads.ts';

/** Ours is the first: others are compared with it. */
const ZSTD_LEVELS = [ZSTD_LEVEL, 2, 3, 4, 5, 7, 9];
const COMPRESS = join(import.meta.dirname, '../workers/compress.ts');

/** What decides settings of ours: see README.md. */
export async function benchQuestions(scene: Scene, results: Results): Promise<void> {
  await askZstdLevel(scene, results);
  await askRdbCompression(scene, results);
  await askSecondBackup(scene, results);
  const isAsked = results.series.some(({ table }) => table.includes(UPLOADS));
  // To an upload, one graph is as good as another.
  if (!isAsked && scene.bench.places.includes('gateway')) await benchUploads(scene, results);
}

/** Compression alone, of the dump as the server writes it. */
async function askZstdLevel(scene: Scene, results: Results): Promise<void> {
  const { bench, signal } = scene;
  await scene.save();
  const entries: Entry[] = bench.options.few(ZSTD_LEVELS).map((level) => ({
    name: `zstd level ${level}`,
    run: async () => {
      let storedBytes = 0;
      const metrics = await measure(undefined, async (run) => {
        storedBytes = Number(await run([process.execPath, COMPRESS, scene.dumpPath, String(level)], { signal }));
      });
      return { ...metrics, rdbBytes: await scene.dumpBytes(), storedBytes };
    },
  }));
  const table = `${scene.kind.name}, zstd level`;
  results.series.push(...(await inTurn({ ...bench.options, part: 'questions', table }, entries)));
}

/** Redis compresses long strings of a dump by LZF, which zstd can then do little with. */
async function askRdbCompression(scene: Scene, results: Results): Promise<void> {
  using db = await scene.connect();
  const entries: Entry[] = ['yes', 'no'].map((value) => ({
    name: `rdbcompression ${value}`,
    run: async () => {
      await db.call('CONFIG', 'SET', 'rdbcompression', value);
      const destination = await scene.bench.destination('folder');
      const metrics = await measureOwnBackup(scene, destination, 'bgsave');
      await destination.remove();
      return metrics;
    },
  }));
  const table = `${scene.kind.name}, rdbcompression during our BGSAVE`;
  results.series.push(...(await inTurn({ ...scene.bench.options, part: 'questions', table }, entries)));
  await db.call('CONFIG', 'SET', 'rdbcompression', 'yes');
}

/** Restic keeps each piece once: what does it save where little has changed between two dumps? */
async function askSecondBackup(scene: Scene, results: Results): Promise<void> {
  const { bench, signal } = scene;
  const table = `${scene.kind.name}, what a second backup adds after one node in a hundred has changed`;
  const missing = await missingPrograms(['restic']);
  if (missing) return noteAbsent(results, 'restic, a second backup', missing);
  const destination = await bench.destination('folder');
  const env = resticSettings(bench.folder, destination.path);
  const resticBackup = () => runCommand(['restic', 'backup', '--quiet', scene.dumpPath], { env, signal });
  await runCommand(['restic', 'init', '--quiet'], { env, signal });
  await scene.save();
  await resticBackup();
  const first = await destination.storedBytes();
  await touchNodes(scene);
  await scene.save();
  await settle(bench.folder, signal);
  await resticBackup();
  const second = (await destination.storedBytes()) - first;
  await destination.remove();
  const own = await bench.destination('folder');
  const { stored, rdb } = await ownBackup(scene, own, 'bgsave');
  await own.remove();
  results.series.push(
    seriesOf('questions', table, 'restic', [{ rdbBytes: rdb.bytes, storedBytes: second }]),
    seriesOf('questions', table, 'ours', [{ rdbBytes: rdb.bytes, storedBytes: stored.bytes }]),
  );
}

async function touchNodes(scene: Scene): Promise<void> {
  using db = await scene.connect();
  await db.call('GRAPH.QUERY', GRAPH, 'MATCH (n) WHERE ID(n) % 100 = 0 SET n.touched = 1');
}
