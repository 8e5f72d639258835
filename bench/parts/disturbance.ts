import { setTimeout } from 'node:timers/promises';
import { ownBackup, runAgent, type Source } from '../contenders/ours.ts';
import { provedBackup } from '../contenders/restores.ts';
import { Clients } from '../load/clients.ts';
import type { Latencies } from '../load/latencies.ts';
import { measure } from '../observe/measure.ts';
import type { Metrics } from '../observe/metrics.ts';
import { settle } from '../observe/page-cache.ts';
import type { Results } from '../report/results.ts';
import type { Destination } from '../scene/destination.ts';
import type { Scene } from '../scene/scene.ts';
import { inTurn, seriesOf } from './in-turn.ts';

/** Of what the server can do when it does nothing else: it must have room for what disturbs it. */
const LOAD_SHARE = 0.4;
const WRITE_SHARE = 0.2;
const SATURATE_SECONDS = 2;
/** The load runs by itself for so long before it is watched. */
const LEAD_SECONDS = 0.5;

interface Disturber {
  name: string;
  /** Done again until the window is over. Gives what is to be removed then. */
  act: () => Promise<Destination | undefined>;
  writeShare: number;
}

/** What clients of the database notice of backups and restores, and what their writes make a fork cost. */
export async function benchDisturbance(scene: Scene, results: Results): Promise<void> {
  const { bench, signal } = scene;
  await using clients = await Clients.open(scene);
  const perSecond =
    LOAD_SHARE * (await clients.saturate(Math.min(SATURATE_SECONDS, bench.options.loadSeconds), WRITE_SHARE));
  const proved = await provedBackup(scene, 'folder');
  const disturb = async ({ act, writeShare }: Disturber) => {
    await settle(bench.folder, signal);
    await clients.go(perSecond, writeShare);
    await setTimeout(LEAD_SECONDS * 1000, undefined, { signal });
    return watch(scene, clients, act, proved);
  };
  const options = { ...bench.options, part: 'disturbance' as const };
  for (const [title, disturbers] of Object.entries(tables(scene, proved))) {
    const table = `${scene.kind.name}, ${title}, ${Math.round(perSecond)} requests a second`;
    const watched = new Map<string, Watched[]>(disturbers.map(({ name }) => [name, []]));
    const entries = disturbers.map((disturber) => ({
      name: disturber.name,
      run: async () => {
        const seen = await disturb(disturber);
        watched.get(disturber.name)?.push(seen);
        return { ...seen.metrics, ...seen.reads };
      },
    }));
    for (const series of await inTurn({ ...options, table }, entries)) {
      results.series.push({ ...series, table: `${table}: reads` });
      const runs = (watched.get(series.contender) ?? []).slice(-bench.options.runs);
      const writes = runs.map(({ writes }): Metrics => ({ ...writes }));
      if (runs.some(({ writes }) => writes.perSecond > 0)) {
        results.series.push(seriesOf('disturbance', `${table}: writes`, series.contender, writes));
      }
    }
  }
  await proved.remove();
}

function tables(scene: Scene, proved: Destination): Record<string, Disturber[]> {
  const nothing = (writeShare: number) => ({ name: 'nothing else', act: () => idle(scene), writeShare });
  const backup = (source: Source) => ({
    name: `ours, ${source}`,
    act: async () => {
      const destination = await scene.bench.destination('folder');
      await ownBackup(scene, destination, source);
      return destination;
    },
    writeShare: WRITE_SHARE,
  });
  const save = async () => {
    await scene.save();
    return undefined;
  };
  const restore = async () => {
    await runAgent(scene, proved, ['restore', 'latest:manual', '--force', '--json']);
    return undefined;
  };
  return {
    'one write in five': [
      nothing(WRITE_SHARE),
      { name: 'BGSAVE alone', act: save, writeShare: WRITE_SHARE },
      backup('bgsave'),
      backup('replication'),
    ],
    // FalkorDB refuses writes while a restore is under way.
    'reads only': [nothing(0), { name: 'ours, restore', act: restore, writeShare: 0 }],
  };
}

interface Watched {
  metrics: Metrics;
  reads: Latencies;
  writes: Latencies;
}

/** Repeats what disturbs until the window is over; what is under way by then is waited for. */
async function watch(scene: Scene, clients: Clients, act: Disturber['act'], proved: Destination): Promise<Watched> {
  const { loadSeconds } = scene.bench.options;
  const destinations: Destination[] = [];
  await clients.begin();
  let times = 0;
  const metrics = await measure(scene.server.pid, async () => {
    const end = performance.now() + loadSeconds * 1000;
    do {
      const destination = await act();
      if (destination) destinations.push(destination);
      times += 1;
    } while (performance.now() < end);
  });
  const { reads, writes } = await clients.end();
  await Promise.all(destinations.map((destination) => destination.remove()));
  await proved.remove('pre-restore/');
  const { seconds = 0, forkSeconds = 0, copyOnWriteBytes = 0 } = metrics;
  return { metrics: { seconds: seconds / times, forkSeconds: forkSeconds / times, copyOnWriteBytes }, reads, writes };
}

async function idle(scene: Scene): Promise<undefined> {
  await setTimeout(scene.bench.options.loadSeconds * 1000, undefined, { signal: scene.signal });
}
