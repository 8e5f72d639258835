import { reached } from './agent-process.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { RestoreScene, RunningRestore } from './restore-scene.ts';
import { hasFile } from './store-files.ts';

const ATTEMPTS = 3;

/** A step of a restore, as it can be seen from outside. */
export interface Moment {
  name: string;
  /** What FalkorDB holds if the restore goes no further. */
  holds: 'old' | 'new';
  isReached: (scene: RestoreScene, run: RunningRestore) => boolean | Promise<boolean>;
  /** Needs a backup that was never loaded. */
  isUnproven?: true;
  /** Holds also where the agent has just ended. */
  isLast?: true;
  /** Much like its neighbours: tried everywhere only where TEST_ROUNDS is set. */
  isMinor?: true;
  /** Here a whole restore is tried afterwards. */
  isRepeated?: true;
}

export interface RestoreAtMoment extends RunningRestore {
  /** What FalkorDB held before. */
  old: Fingerprint;
}

/** Changes the data, starts a restore, and waits until it is there; again where it was over before it was seen. */
export async function restoreUntil(scene: RestoreScene, moment: Moment): Promise<RestoreAtMoment> {
  for (let attempt = 1; ; attempt++) {
    const old = await scene.changeData();
    if (moment.isUnproven) await scene.forgetProofs();
    const run = await scene.restore();
    if (await reached(() => moment.isReached(scene, run), run)) return { ...run, old };
    const { stderr } = await run.ended;
    if (attempt === ATTEMPTS) throw new Error(`It was never seen that ${moment.name}: ${stderr}`);
  }
}

const field = async ({ server }: RestoreScene, name: string) => server.info(name);

/** The history that was sent last. */
const stream = (scene: RestoreScene) => scene.journal()?.streams.at(-1)?.replicationId;

async function isLoaded(scene: RestoreScene): Promise<boolean> {
  const id = stream(scene);
  return id !== undefined && (await field(scene, 'master_replid')) === id;
}

async function isSaving(scene: RestoreScene): Promise<boolean> {
  const saves = await Promise.all([field(scene, 'rdb_bgsave_in_progress'), field(scene, 'aof_rewrite_in_progress')]);
  return saves.includes('1');
}

export const MOMENTS: Moment[] = [
  {
    name: 'it recorded what was asked for',
    holds: 'old',
    isMinor: true,
    isReached: ({ root }, { runId }) => hasFile(root, new RegExp(`^runs/.*${runId}/requested\\.json$`)),
  },
  {
    name: 'it proved the backup',
    holds: 'old',
    isUnproven: true,
    isReached: ({ root }) => hasFile(root, /^manual\/.*\/verified\//),
  },
  { name: 'it began its journal', holds: 'old', isMinor: true, isReached: (scene) => scene.journal() !== undefined },
  {
    name: 'it set masterauth',
    holds: 'old',
    isMinor: true,
    isReached: async ({ server }) => ((await server.client.config('GET', 'masterauth')) as string[])[1] !== '',
  },
  {
    name: 'FalkorDB refuses writes',
    holds: 'old',
    isReached: async ({ server }) =>
      ((await server.client.config('GET', 'min-replicas-to-write')) as string[])[1] !== '0',
  },
  {
    name: 'it noted where FalkorDB is to replicate from',
    holds: 'old',
    isRepeated: true,
    isMinor: true,
    isReached: (scene) => Boolean(scene.journal()?.master),
  },
  {
    name: 'FalkorDB became a replica',
    holds: 'old',
    isReached: async (scene) => (await field(scene, 'role')) === 'slave',
  },
  {
    name: 'it noted the old contents',
    holds: 'old',
    isMinor: true,
    isReached: (scene) => Boolean(scene.journal()?.old),
  },
  {
    name: 'the safety backup is being saved',
    holds: 'old',
    isReached: async (scene) => Boolean(scene.journal()?.old) && (await isSaving(scene)),
  },
  {
    name: 'it noted the safety backup',
    holds: 'old',
    isRepeated: true,
    isMinor: true,
    isReached: (scene) => Boolean(scene.journal()?.safetyBackupId),
  },
  {
    name: 'it noted what it will stream',
    holds: 'old',
    isMinor: true,
    isReached: (scene) => stream(scene) !== undefined,
  },
  {
    name: 'FalkorDB received a part of the backup',
    holds: 'old',
    isRepeated: true,
    isReached: async (scene) => {
      const info = await scene.server.client.info('replication');
      return /master_sync_in_progress:1/.test(info) && !/master_sync_read_bytes:0\r/.test(info);
    },
  },
  {
    name: 'FalkorDB loads the backup',
    holds: 'new',
    isReached: async (scene) => (await field(scene, 'loading')) === '1',
  },
  { name: 'FalkorDB has loaded the backup', holds: 'new', isReached: isLoaded },
  {
    name: 'FalkorDB saves the backup',
    holds: 'new',
    isRepeated: true,
    isReached: async (scene) => (await isLoaded(scene)) && (await isSaving(scene)),
  },
  {
    name: 'FalkorDB was promoted',
    holds: 'new',
    isReached: async (scene) => {
      const id = stream(scene);
      return id !== undefined && (await field(scene, 'master_replid2')) === id;
    },
    isLast: true,
  },
  {
    name: 'it recorded its verdict',
    holds: 'new',
    isMinor: true,
    isReached: ({ root }, { runId }) => hasFile(root, new RegExp(`^runs/.*${runId}/verdict-1\\.json$`)),
    isLast: true,
  },
];

export function chosenMoments(): Moment[] {
  return MOMENTS.filter(({ isMinor }) => !isMinor || process.env.TEST_ROUNDS !== undefined);
}

export function momentNamed(name: string): Moment {
  const moment = MOMENTS.find((each) => each.name === name);
  if (!moment) throw new Error(`no moment: ${name}`);
  return moment;
}
