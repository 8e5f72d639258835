import prettyMilliseconds from 'pretty-ms';
import { listRuns, type Run } from '../../core/catalog/runs.ts';
import { BackupError } from '../../core/model/errors.ts';
import { verdictPrefix } from '../../core/model/keys.ts';
import type { Requested } from '../../core/model/run-record.ts';
import type { RestoreDeps } from './deps.ts';
import { howToAsk, howToRecover } from './next.ts';

/** Clients of Lambda invoke a function again, by themselves, where they have waited a minute for its answer. */
const REPEATED_WITHIN_MS = 2 * 60_000;
/** No run takes longer, by the bound of its timeout (core/model/settings.ts). */
const LOOKED_BACK_MS = 3 * 24 * 3600 * 1000;

/**
 * A restore that is asked for twice would throw away what was written after the first one. Only one that never began
 * and is said to have failed stands in nobody's way.
 * @throws lease-held where one was asked for a moment ago, or has not ended; store-*
 */
export async function assertNoOtherRestore(target: string, { store, now }: Pick<RestoreDeps, 'store' | 'now'>) {
  const at = now().getTime();
  const runs = await listRuns(store, target, new Date(at - LOOKED_BACK_MS));
  for (const run of runs.toReversed()) {
    const { requested } = run;
    if (requested?.verb !== 'restore') continue;
    // The clock of a host that was asked on its command line may go ahead.
    const ageMs = Math.abs(at - Date.parse(requested.requestedAt));
    if (!hasEnded(run)) throw notEnded(requested, ageMs);
    if (ageMs < REPEATED_WITHIN_MS && mayHaveBegun(run)) throw repeated(requested, ageMs);
  }
}

function hasEnded({ requested, runId, verdicts, unreadable }: Run): boolean {
  if (verdicts.length > 0 || !requested) return true;
  const prefix = verdictPrefix(requested.target, runId);
  return unreadable.some((key) => key.startsWith(prefix));
}

function mayHaveBegun({ started, verdicts, unreadable }: Run): boolean {
  return started !== undefined || unreadable.length > 0 || verdicts.some(({ verdict }) => verdict !== 'failed');
}

function notEnded({ target, runId }: Requested, ageMs: number): BackupError {
  return new BackupError(
    'lease-held',
    `The restore of ${target} that was asked for ${inWords(ageMs)} ago (run ${runId}) has not ended; no other was begun.`,
    {
      hint: `See how far it is: ${howToAsk(target, runId)}. Where its agent has died, ${howToRecover(target)}; the watchdog ends a run of which nothing more is heard.`,
    },
  );
}

function repeated({ target, runId }: Requested, ageMs: number): BackupError {
  return new BackupError(
    'lease-held',
    `A restore of ${target} was asked for ${inWords(ageMs)} ago (run ${runId}): this may be the same invocation once more, and no other restore was begun.`,
    {
      hint: `See what became of it: ${howToAsk(target, runId)}. If another one is meant, ask again in ${inWords(REPEATED_WITHIN_MS - ageMs)}.`,
    },
  );
}

function inWords(ms: number): string {
  // Rounded up: who waits for so long has waited long enough.
  return prettyMilliseconds(Math.ceil(ms / 1000) * 1000, { verbose: true, unitCount: 2 });
}
