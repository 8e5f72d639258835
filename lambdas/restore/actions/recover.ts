import { listRuns } from '../../../core/catalog/runs.ts';
import { newRunId } from '../../../core/model/run-id.ts';
import { runOutcome } from '../../../core/model/run-record.ts';
import type { ObjectStore } from '../../../core/store/object-store.ts';
import { sendRequest } from '../../commands/send-request.ts';
import { logOfRun } from '../../runtime/logger.ts';
import type { RestoreDeps } from '../deps.ts';
import type { InputOf } from '../inputs.ts';

const LOOKED_BACK_MS = 31 * 24 * 3600 * 1000;

/** What is to be done the agent knows by its own journal; the run's id is for the records. */
export async function recover({ target }: InputOf<'recover'>, deps: RestoreDeps) {
  const { store, now, log } = deps;
  const runId = (await findUnendedRestore(store, target, now())) ?? newRunId(now());
  const sent = await sendRequest({ action: 'recover', target, runId }, deps);
  logOfRun(log, { target, runId }).info('Sent the request', { ...sent, verb: 'recover' });
  return { runId, ...sent };
}

/** The newest: of those that have begun, else of those that were only asked for. */
async function findUnendedRestore(store: ObjectStore, target: string, now: Date): Promise<string | undefined> {
  const runs = await listRuns(store, target, new Date(now.getTime() - LOOKED_BACK_MS));
  const unended = runs.filter((run) => run.requested?.verb === 'restore' && runOutcome(run, false) !== 'completed');
  return (unended.findLast(({ started }) => started) ?? unended.at(-1))?.runId;
}
