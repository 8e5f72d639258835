import { pino } from 'pino';
import type { BackupDeps } from '../../agent/backup.ts';
import type { Config } from '../../agent/config.ts';
import type { Progress } from '../../agent/progress.ts';
import { planRestore, type RestorePlan, type RestoreRequest } from '../../agent/restore/plan.ts';
import { type RestoreResult, restore } from '../../agent/restore/restore.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { configOf, nextRunId } from './backups.ts';
import type { LiveServer } from './live-server.ts';

export interface RestoreCall {
  reference?: string;
  request?: Partial<RestoreRequest>;
  config?: Partial<Config>;
  deps?: Partial<BackupDeps>;
}

/** What a restore works with, with the defaults of the settings. */
export function restoreDeps(
  { address }: Pick<LiveServer, 'address'>,
  store: ObjectStore,
  stateFolder: string,
  call: Pick<RestoreCall, 'config' | 'deps'> = {},
): BackupDeps {
  return {
    config: { ...configOf(address, store), stateFolder, ...call.config },
    store,
    now: () => new Date(),
    log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    onProgress: (_: Progress) => {},
    signal: new AbortController().signal,
    ...call.deps,
  };
}

export function planOf(call: RestoreCall, deps: BackupDeps): Promise<RestorePlan> {
  return planRestore(
    {
      reference: call.reference ?? 'latest',
      runId: nextRunId(),
      fromTarget: undefined,
      unproven: false,
      withSafetyBackup: true,
      allowNewerEngine: false,
      ...call.request,
    },
    deps,
  );
}

/** Plans and carries out a restore, as the command does once it was confirmed. */
export async function restoreInto(
  live: Pick<LiveServer, 'address'>,
  store: ObjectStore,
  stateFolder: string,
  call: RestoreCall = {},
): Promise<RestoreResult> {
  const deps = restoreDeps(live, store, stateFolder, call);
  const plan = await planOf(call, deps);
  const [refusal] = plan.refusals;
  if (refusal) throw refusal;
  return restore(plan, deps);
}
