import { join } from 'node:path';
import { openFarLink } from '../../test/support/far-link.ts';
import { measure, runCommand } from '../observe/measure.ts';
import type { Results } from '../report/results.ts';
import type { Destination } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';
import { inTurn } from './in-turn.ts';

/** In the name of each table of this. */
export const UPLOADS = 'upload to a gateway';
/** Ours is the first: others are compared with it. */
const PART_MIB = [8, 5, 16];
const PARALLEL = [4, 1, 2, 8];
/** What a store in the same region takes to answer, about: the gateway on this machine takes none. */
const ANSWER_MS = 30;
const UPLOAD = join(import.meta.dirname, '../workers/upload.ts');

/** How large parts of an upload should be, and how many are under way at once: near a store, and far from it. */
export async function benchUploads(scene: Scene, results: Results): Promise<void> {
  const { few } = scene.bench.options;
  const destination = await scene.bench.destination('gateway');
  const endpoint = new URL(destination.settings.S3_ENDPOINT ?? '');
  await using far = await openFarLink(Number(endpoint.port), ANSWER_MS);
  const endpoints = { 'at once': endpoint.href, [`after ${ANSWER_MS} ms`]: `http://127.0.0.1:${far.port}` };
  // It is the compressed dump that is uploaded.
  const file = join(scene.bench.folder, 'upload.zst');
  await scene.save();
  await runCommand(['zstd', '-q', '-f', scene.dumpPath, '-o', file], { signal: scene.signal });
  for (const [answers, url] of Object.entries(endpoints)) {
    const entries = few(PART_MIB).flatMap((mebibytes) =>
      few(PARALLEL).map((parallel) => ({
        name: `parts of ${mebibytes} MiB, ${parallel} at once`,
        run: () => upload(scene, destination, { file, url, mebibytes, parallel }),
      })),
    );
    const table = `${scene.kind.name}, ${UPLOADS} that answers ${answers}`;
    results.series.push(...(await inTurn({ ...scene.bench.options, part: 'questions', table }, entries)));
  }
}

async function upload(
  scene: Scene,
  destination: Destination,
  { file, url, mebibytes, parallel }: { file: string; url: string; mebibytes: number; parallel: number },
) {
  const [bucket = '', prefix = ''] = destination.path.split('/');
  const words = [file, bucket, `${prefix}/part-sizes`, String(mebibytes), String(parallel)];
  const env = { ...destination.settings, S3_ENDPOINT: url };
  const metrics = await measure(undefined, async (run) => {
    await run([process.execPath, UPLOAD, ...words], { env, signal: scene.signal });
  });
  await destination.remove();
  return metrics;
}
