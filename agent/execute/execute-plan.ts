import { recordPlan } from '../../core/catalog/runs.ts';
import { toBackupError } from '../../core/model/errors.ts';
import type { RequestOf } from '../../core/model/request.ts';
import type { BackupDeps } from '../backup.ts';
import type { RestorePlan } from '../restore/plan.ts';
import { planJson } from '../restore/plan-json.ts';
import { type Duplicate, duplicate, findEarlier, hasSucceeded } from './earlier-delivery.ts';
import { planInTime } from './plan-in-time.ts';
import { toAsked } from './restore-request.ts';
import { recordAsked, recordBegun, recordEnd } from './run-records.ts';

/**
 * Plans a restore and keeps the plan with the run's records. It changes nothing and delays nobody, so it takes no lease.
 * A plan with refusals has completed: they are what was asked for.
 * @throws invalid-argument where the run was recorded as another thing; as `planRestore`; deadline; store-*
 */
export async function executePlan(
  request: RequestOf<'plan'>,
  deps: BackupDeps,
): Promise<{ action: 'plan'; plan: RestorePlan } | Duplicate> {
  const { store, log } = deps;
  const asked = toAsked(request);
  if (hasSucceeded(await findEarlier(store, asked))) return duplicate(asked);
  await recordAsked(asked, deps);
  await recordBegun(asked, deps);
  try {
    const plan = await planInTime(request, deps);
    const { runId } = request;
    const isFirst = await recordPlan(store, { schemaVersion: 1, runId, ...planJson(plan, deps.now()) });
    await recordEnd(asked, undefined, deps);
    return isFirst ? { action: 'plan', plan } : duplicate(asked);
  } catch (error) {
    await recordEnd(asked, toBackupError(error), deps).catch((err: unknown) => {
      log.warn({ err }, 'The failure could not be recorded in the store');
    });
    throw error;
  }
}
