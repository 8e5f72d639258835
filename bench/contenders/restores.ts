import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measure, runCommand } from '../observe/measure.ts';
import type { Metrics } from '../observe/metrics.ts';
import { settle } from '../observe/page-cache.ts';
import { cpuSecondsOf, peakBytesOf } from '../observe/processes.ts';
import type { Destination, PlaceName } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';
import type { Contender } from './contender.ts';
import { ownBackup, runAgent } from './ours.ts';
import { missingPrograms } from './programs.ts';

/**
 * What one does by hand: stop the server, put the dump into its place, start it. From a folder the dump is copied, from
 * the gateway it is downloaded and decompressed. Nothing is checked, and nobody is served meanwhile.
 */
export const copyAndRestart: Contender = {
  name: 'stop, copy, start',
  missing: () => missingPrograms(['zstd', 'rclone']),
  run: async (scene, place) => {
    const { signal } = scene;
    const destination = await scene.bench.destination(place);
    await scene.save();
    const copy = join(destination.path, place === 'folder' ? 'dump.rdb' : 'dump.rdb.zst');
    const upload = `set -o pipefail; zstd -q -c '${scene.dumpPath}' | rclone rcat 'gateway:${copy}'`;
    if (place === 'folder') await copyFile(scene.dumpPath, copy);
    else await runCommand(['bash', '-c', upload], { env: destination.env, signal });
    await settle(scene.bench.folder, signal);
    await destination.coolDown();
    const fetch = `set -o pipefail; rclone cat 'gateway:${copy}' | zstd -q -d -c > '${scene.dumpPath}'`;
    const metrics = await measure(undefined, async (run) => {
      await scene.restart(async () => {
        await rm(scene.dumpPath);
        if (place === 'folder') await run(['cp', copy, scene.dumpPath], { signal });
        else await run(['bash', '-c', fetch], { env: destination.env, signal });
      });
      await scene.untilIndexed();
    });
    await destination.remove();
    const { pid } = scene.server;
    // The CPU of ended children holds all that the old server has ever used.
    const { cpuSeconds: _, ...others } = metrics;
    return {
      ...others,
      serverCpuSeconds: await cpuSecondsOf(pid),
      serverPeakBytes: await peakBytesOf(pid),
    };
  },
};

/** As an operator finds it: `proved` holds a backup that was loaded into a throw-away server before. */
export function oursProved(proved: Destination, flags: string[] = []): Contender {
  return {
    name: ['ours, a proved backup', ...flags].join(' '),
    missing: async () => undefined,
    run: async (scene) => {
      const metrics = await measureRestore(scene, proved, flags);
      await proved.remove('pre-restore/');
      return metrics;
    },
  };
}

/** It is loaded into a throw-away server first. */
export const oursUnproved: Contender = {
  name: 'ours, an unproved backup',
  missing: async () => undefined,
  run: async (scene, place) => {
    const destination = await scene.bench.destination(place);
    await ownBackup(scene, destination, 'bgsave');
    const metrics = await measureRestore(scene, destination);
    await destination.remove();
    return metrics;
  },
};

/** A place with one backup in it that was loaded into a throw-away server. */
export async function provedBackup(scene: Scene, place: PlaceName): Promise<Destination> {
  const destination = await scene.bench.destination(place);
  await ownBackup(scene, destination, 'bgsave', { args: ['--verify'] });
  return destination;
}

/** Until all indexes are OPERATIONAL again. */
export async function measureRestore(scene: Scene, destination: Destination, flags: string[] = []): Promise<Metrics> {
  await settle(scene.bench.folder, scene.signal);
  await destination.coolDown();
  return measure(scene.server.pid, async (run) => {
    await runAgent(scene, destination, ['restore', 'latest:manual', '--force', '--json', ...flags], { run });
    await scene.untilIndexed();
  });
}
