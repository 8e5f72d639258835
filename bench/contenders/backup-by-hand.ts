import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { measure, runCommand } from '../observe/measure.ts';
import { settle } from '../observe/page-cache.ts';
import type { Contender } from './contender.ts';
import { missingPrograms } from './programs.ts';

/** Into a folder alone. */
export const bgsaveAndCopy: Contender = {
  name: 'BGSAVE, cp, sync',
  missing: async () => undefined,
  run: async (scene, place) => {
    const { signal } = scene;
    const destination = await scene.bench.destination(place);
    await settle(scene.bench.folder, signal);
    const copy = join(destination.path, 'dump.rdb');
    const metrics = await measure(scene.server.pid, async (run) => {
      await scene.save();
      await run(['cp', scene.dumpPath, copy], { signal });
      await run(['sync', copy], { signal });
    });
    const storedBytes = await destination.storedBytes();
    await destination.remove();
    return { ...metrics, storedBytes };
  },
};

/** The dump over the wire, as a replica gets it; all cores compress. */
export const redisCliPipe: Contender = {
  name: 'redis-cli --rdb - | zstd -T0',
  missing: () => missingPrograms(['redis-cli', 'zstd']),
  run: async (scene, place) => {
    const { signal } = scene;
    const destination = await scene.bench.destination(place);
    await settle(scene.bench.folder, signal);
    const file = join(destination.path, 'dump.rdb.zst');
    const sink = place === 'folder' ? `> '${file}' && sync '${file}'` : `| rclone rcat 'gateway:${file}'`;
    const pipe = `set -o pipefail; redis-cli -u "$SERVER" --rdb - | zstd -q -T0 -c ${sink}`;
    const env = { ...destination.env, SERVER: scene.server.url };
    const metrics = await measure(scene.server.pid, async (run) => {
      await run(['bash', '-c', pipe], { env, signal });
    });
    const storedBytes = await destination.storedBytes();
    await destination.remove();
    return { ...metrics, storedBytes };
  },
};

/** Into the gateway the pipe ends in rclone, which takes a stream of unknown length. */
export const redisCliPipeToS3: Contender = {
  ...redisCliPipe,
  name: 'redis-cli --rdb - | zstd -T0 | rclone rcat',
  missing: () => missingPrograms(['redis-cli', 'zstd', 'rclone']),
};

/** Into a new repository each time: what of a second dump it knows already is asked elsewhere. */
export const bgsaveAndRestic: Contender = {
  name: 'BGSAVE, restic',
  missing: () => missingPrograms(['restic']),
  run: async (scene, place) => {
    const { signal } = scene;
    const destination = await scene.bench.destination(place);
    const env = { ...destination.env, ...resticSettings(scene.bench.folder, destination.resticRepository) };
    if (place === 'folder') await mkdir(destination.path, { recursive: true });
    await runCommand(['restic', 'init', '--quiet'], { env, signal });
    await settle(scene.bench.folder, signal);
    const metrics = await measure(scene.server.pid, async (run) => {
      await scene.save();
      await run(['restic', 'backup', '--quiet', scene.dumpPath], { env, signal });
    });
    const storedBytes = await destination.storedBytes();
    await destination.remove();
    return { ...metrics, storedBytes };
  },
};

export function resticSettings(folder: string, repository: string): Record<string, string> {
  return {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(folder, 'restic-cache'),
  };
}
