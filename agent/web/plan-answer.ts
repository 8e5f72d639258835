import { newRunId } from '../../core/model/run-id.ts';
import { planRestore } from '../restore/plan.ts';
import { planJson } from '../restore/plan-json.ts';
import type { ServedTarget } from '../service/port.ts';
import type { PlanAnswer } from './api.ts';

/**
 * What a restore of a backup into a target would do; nothing is changed, and nothing is recorded.
 * @throws as `planRestore`
 */
export async function planAnswer(
  { name, config, store }: ServedTarget,
  backupId: string,
  { now, signal }: { now: () => Date; signal: AbortSignal },
): Promise<PlanAnswer> {
  const request = {
    reference: backupId,
    runId: newRunId(now()),
    fromTarget: undefined,
    unproven: false,
    withSafetyBackup: true,
    allowNewerEngine: false,
  };
  const plan = await planRestore(request, { config, store, now, signal });
  return { ...planJson(plan, now()), command: `falkordb-backup restore ${backupId} --target ${name}` };
}
