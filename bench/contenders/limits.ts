import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ZSTD_LEVEL } from '../../agent/pipeline/codec.ts';
import { measure, runCommand } from '../observe/measure.ts';
import { settle } from '../observe/page-cache.ts';
import type { Scene } from '../scene/scene.ts';
import type { Contender } from './contender.ts';
import { missingPrograms } from './programs.ts';

/* What bounds a backup of ours, by each source: none of these is a backup. */

/** What nobody who saves to a file can be faster than: the dump lies where the server wrote it. */
export const bgsaveAlone: Contender = {
  name: 'BGSAVE alone',
  missing: async () => undefined,
  run: async (scene) => {
    await settle(scene.bench.folder, scene.signal);
    const metrics = await measure(scene.server.pid, () => scene.save());
    return { ...metrics, storedBytes: await scene.dumpBytes() };
  },
};

export const limitOfBgsave: Contender = {
  name: `BGSAVE, zstd -${ZSTD_LEVEL} to nowhere`,
  missing: () => missingPrograms(['zstd']),
  run: async (scene) => {
    await settle(scene.bench.folder, scene.signal);
    return measure(scene.server.pid, async (run) => {
      await scene.save();
      await run(['bash', '-c', `${compressed(scene)} > /dev/null`], { signal: scene.signal });
    });
  },
};

export const limitOfReplication: Contender = {
  name: 'redis-cli --rdb to nowhere',
  missing: () => missingPrograms(['redis-cli']),
  run: async (scene) => {
    await settle(scene.bench.folder, scene.signal);
    const env = { SERVER: scene.server.url };
    return measure(scene.server.pid, async (run) => {
      await run(['bash', '-c', 'redis-cli -u "$SERVER" --rdb - > /dev/null'], { env, signal: scene.signal });
    });
  },
};

/** The other limit of replication, of a dump that was compressed before. */
export const uploadAlone: Contender = {
  name: 'upload alone, by rclone',
  missing: () => missingPrograms(['zstd', 'rclone']),
  run: async (scene, place) => {
    const { signal } = scene;
    const destination = await scene.bench.destination(place);
    const file = join(scene.bench.folder, 'compressed.zst');
    await runCommand(['bash', '-c', `${compressed(scene)} > '${file}'`], { signal });
    await settle(scene.bench.folder, signal);
    const metrics = await measure(undefined, async (run) => {
      await run(['rclone', 'copyto', file, `gateway:${destination.path}/dump.zst`], { env: destination.env, signal });
    });
    await rm(file);
    await destination.remove();
    return metrics;
  },
};

function compressed({ dumpPath }: Scene): string {
  // Newer versions take more threads than one where there are many cores; ours has one.
  return `zstd -q -${ZSTD_LEVEL} -T1 -c '${dumpPath}'`;
}
