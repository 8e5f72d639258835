import { z } from 'zod';
import { type CommandOptions, measure, type RunCommand, runCommand } from '../observe/measure.ts';
import type { Metrics } from '../observe/metrics.ts';
import { settle } from '../observe/page-cache.ts';
import type { Destination } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';
import type { Contender } from './contender.ts';

export type Source = 'bgsave' | 'replication';

const manifestSchema = z.object({
  backupId: z.string(),
  rdb: z.object({ bytes: z.number() }),
  stored: z.object({ bytes: z.number() }),
  timings: z.object({ saveSeconds: z.number(), transferSeconds: z.number() }),
});

export type OwnBackup = z.infer<typeof manifestSchema>;

/** Runs a verb of ours on the scene's server. */
export function runAgent(
  scene: Scene,
  destination: Destination,
  args: string[],
  { run = runCommand, env = {} }: { run?: RunCommand } & Partial<CommandOptions> = {},
): Promise<string> {
  const settings = { ...scene.settings, ...destination.settings, ...env };
  return run(scene.bench.agent.command(...args), { env: settings, signal: scene.signal });
}

export async function ownBackup(
  scene: Scene,
  destination: Destination,
  source: Source,
  options: { run?: RunCommand; args?: string[] } = {},
): Promise<OwnBackup> {
  const { args = [], ...others } = options;
  const words = ['backup', '--json', '--source', source, ...args];
  return manifestSchema.parse(JSON.parse(await runAgent(scene, destination, words, others)));
}

/** One backup of ours, measured. */
export async function measureOwnBackup(scene: Scene, destination: Destination, source: Source): Promise<Metrics> {
  await settle(scene.bench.folder, scene.signal);
  let made: OwnBackup | undefined;
  const metrics = await measure(scene.server.pid, async (run) => {
    made = await ownBackup(scene, destination, source, { run });
  });
  if (!made) throw new Error('there is no manifest');
  return {
    ...metrics,
    saveSeconds: made.timings.saveSeconds,
    transferSeconds: made.timings.transferSeconds,
    rdbBytes: made.rdb.bytes,
    storedBytes: made.stored.bytes,
  };
}

export function oursBy(source: Source): Contender {
  return {
    name: `ours, ${source}`,
    missing: async () => undefined,
    run: async (scene, place) => {
      const destination = await scene.bench.destination(place);
      const metrics = await measureOwnBackup(scene, destination, source);
      await destination.remove();
      return metrics;
    },
  };
}
