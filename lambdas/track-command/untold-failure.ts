import type { Run } from '../../core/catalog/runs.ts';
import { clip } from '../../core/model/event-texts.ts';
import { type BackupEvent, backupEvent, type EventType } from '../../core/model/events.ts';
import type { RequestOf } from '../../core/model/request.ts';
import { type Failure, loadStep, type Verdict } from '../../core/model/run-record.ts';
import { knownOf } from '../commands/end-as-failed.ts';
import { KILLED } from './command-failure.ts';

/** Of the failures that functions record: they tell before they do. */
const TOLD_BY_FUNCTIONS = new Set(['command-failed', 'command-refused']);
/** Of a restore whose agent does not know, or could not see to it, that FalkorDB was set free with that data. */
const NOT_SET_FREE = new Set(['lease-lost', 'restore-unfinished']);

/**
 * What the agent has recorded of a run that failed, where it may be that nobody has heard of it: it could not tell, or it
 * was cut off. The event has the type and the id that the agent's own has, so that who has heard that one drops it.
 */
export function untoldFailure(
  request: RequestOf<'backup' | 'restore'>,
  run: Run | undefined,
  exitCode: number | null,
): BackupEvent | undefined {
  const verdicts = run?.verdicts ?? [];
  const newest = verdicts.at(-1);
  if (!newest?.failure || verdicts.some(({ verdict }) => verdict !== 'failed')) return undefined;
  const { failure, undelivered } = newest;
  if (TOLD_BY_FUNCTIONS.has(failure.code)) return undefined;
  const isCutOff = exitCode === null || exitCode === KILLED;
  return isCutOff || undelivered.length > 0 ? eventOf(request, newest, failure) : undefined;
}

function eventOf(request: RequestOf<'backup' | 'restore'>, verdict: Verdict, failure: Failure): BackupEvent {
  const { code, retryable } = failure;
  const message = clip(failure.message);
  const hint = failure.hint === null ? null : clip(failure.hint);
  return backupEvent(typeOf(request, verdict, failure), request.runId, {
    ...knownOf(request),
    ...{ at: verdict.endedAt, message, hint, failure: { code, message, hint, retryable } },
  });
}

function typeOf({ action }: RequestOf<'backup' | 'restore'>, { steps }: Verdict, { code }: Failure): EventType {
  if (action === 'backup') return 'Backup Failed';
  const isRolledBack =
    steps.some(({ name, ok }) => ok && name === loadStep('safety backup')) && !NOT_SET_FREE.has(code);
  return isRolledBack ? 'Restore Rolled Back' : 'Restore Failed';
}
