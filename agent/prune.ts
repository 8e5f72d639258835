import { hostname } from 'node:os';
import { pruneTargets as prune, type TargetsPrune } from '../core/catalog/prune-targets.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import type { Config } from './config.ts';
import type { OnProgress } from './progress.ts';
import { createTeller, type TellingDeps } from './telling.ts';
import { TOOL } from './tool.ts';

export interface PruneDeps extends TellingDeps {
  config: Pick<Config, 'retention' | 'keepRuns'>;
  store: ObjectStore;
  /** For the records; by default each target has one of its own. */
  runId?: string;
  onProgress: OnProgress;
  now: () => Date;
  signal: AbortSignal;
  timeBudget?: AbortSignal;
}

/** @throws what is wrong with the target, where it is the only one; interrupted */
export async function pruneTargets(
  targets: string[],
  options: { apply: boolean },
  { config, onProgress, ...deps }: PruneDeps,
): Promise<TargetsPrune> {
  const pruned = await prune(targets, options, {
    ...deps,
    retention: { policy: config.retention, keepRuns: config.keepRuns },
    worker: { host: hostname(), pid: process.pid, toolVersion: TOOL.version },
    tell: async (events) => {
      const teller = createTeller(deps);
      await teller.tell(...events);
      return teller.undelivered;
    },
    onRemoved: (done, total) => onProgress({ phase: 'prune', unit: 'backups', done, total }),
  });
  const [failure] = pruned.failed;
  if (failure && targets.length === 1) throw failure.error;
  return pruned;
}
