import { type BackupError, toBackupError } from '../../core/model/errors.ts';
import type { RequestOf } from '../../core/model/request.ts';
import type { BackupDeps } from '../backup.ts';
import { restoreEnded } from '../events.ts';
import { assertPossible } from '../restore/guards.ts';
import type { RestorePlan } from '../restore/plan.ts';
import { type RestoreResult, restore } from '../restore/restore.ts';
import { createTeller } from '../telling.ts';
import {
  type Asked,
  assertNotCutOff,
  type Duplicate,
  duplicate,
  findEarlier,
  isAtWork,
  isSpent,
  unlessAtWork,
} from './earlier-delivery.ts';
import { planInTime } from './plan-in-time.ts';
import { toAsked } from './restore-request.ts';
import { recordAsked, recordEnd } from './run-records.ts';

/** Of a command, beyond the time that its run has: far less than what the command itself is given beyond that. */
const INDEX_MARGIN_SECONDS = 60;

/**
 * Restores, once. Asks nobody: whoever sent the request has had it confirmed.
 * @throws invalid-argument where the run was recorded as another thing; all that keeps it from being planned, every
 * refusal of the plan in one error; restore-unfinished where an earlier delivery was cut off; and as `restore`
 */
export async function executeRestore(
  request: RequestOf<'restore'>,
  deps: BackupDeps,
): Promise<{ action: 'restore'; result: RestoreResult } | Duplicate> {
  const asked = toAsked(request);
  const began = performance.now();
  const patience = AbortSignal.timeout((deps.config.timeoutSeconds + INDEX_MARGIN_SECONDS) * 1000);
  if (isSpent(await findEarlier(deps.store, asked))) {
    await assertNotCutOff(deps, asked);
    return duplicate(asked);
  }
  let plan: RestorePlan;
  try {
    plan = await planPossible(request, deps);
  } catch (error) {
    // Where another delivery has begun meanwhile, its work is what the plan has stumbled over.
    if (isAtWork(error, asked) || (await hasBegunMeanwhile(asked, deps))) return duplicate(asked);
    const seconds = Math.round(performance.now() - began) / 1000;
    await concludeRefused(request, { failure: toBackupError(error), seconds }, deps);
    throw error;
  }
  return unlessAtWork(asked, async () => ({
    action: 'restore' as const,
    result: await restore(plan, deps, { patience }),
  }));
}

async function planPossible(request: RequestOf<'restore'>, deps: BackupDeps): Promise<RestorePlan> {
  const plan = await planInTime(request, deps);
  assertPossible(plan);
  return plan;
}

async function hasBegunMeanwhile(asked: Asked, { store, log }: BackupDeps): Promise<boolean> {
  try {
    return isSpent(await findEarlier(store, asked));
  } catch (err) {
    log.warn({ err }, 'The store cannot tell whether this restore has begun elsewhere');
    return false;
  }
}

/** Its reasons are for whoever asks how the run went; that they cannot be kept does not hide them here. */
async function concludeRefused(
  request: RequestOf<'restore'>,
  { failure, seconds }: { failure: BackupError; seconds: number },
  deps: BackupDeps,
): Promise<void> {
  const { target, runId, backup: source } = request;
  const end = { status: 'failed' as const, failure, at: deps.now(), seconds };
  const teller = createTeller(deps);
  await teller.tell(restoreEnded({ target, runId, source }, end, false));
  try {
    const asked = toAsked(request);
    await recordAsked(asked, deps);
    await recordEnd(asked, failure, deps, teller.undelivered);
  } catch (err) {
    deps.log.warn({ err }, 'The failure could not be recorded in the store');
  }
}
