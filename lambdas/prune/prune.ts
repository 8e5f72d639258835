import type { EventSink } from '../../core/alerts/event-sink.ts';
import { Teller, type Undelivered } from '../../core/alerts/teller.ts';
import { type FailedPrune, type PruneDeps, pruneTargets } from '../../core/catalog/prune-targets.ts';
import { listTargets } from '../../core/catalog/restores.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { BackupEvent } from '../../core/model/events.ts';
import { parseInput, pruneInputSchema } from '../../core/model/function-inputs.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import { describeTargets, type PruneAnswer } from './answer.ts';

/** For what cannot be cut short: the backups that are being removed, and the catalog of one target that is being read. */
const MARGIN_MS = 60_000;

export interface PruneFunctionDeps extends Pick<PruneDeps, 'retention' | 'store' | 'worker' | 'now'> {
  sink: EventSink;
  log: Logger;
  count: Count;
  /** Until the function is ended from outside. */
  remainingMs: number;
}

/**
 * Removes what is no longer kept, of all targets or of some, in the time it has; the rest is for the next time.
 * What is wrong with a target keeps none of the others from theirs, and is in the answer. It fails the invocation, in
 * the end, only where trying again may help, or nobody was told: Lambda then prunes all of them again, twice, and whoever
 * is told of the same failure three times a day soon hears nothing.
 * @throws invalid-argument, store-*; what is wrong with a target, naming all that failed
 */
export async function prune(input: unknown, deps: PruneFunctionDeps): Promise<PruneAnswer> {
  const { retention, store, worker, now, sink, log, count, remainingMs } = deps;
  const { dryRun, targets } = parseInput(pruneInputSchema, input);
  const wanted = targets ? [...new Set(targets)] : await listTargets(store);
  const untold = new Set<string>();
  const timeBudget = new AbortController();
  const timer = setTimeout(() => timeBudget.abort(), Math.max(remainingMs - MARGIN_MS, remainingMs / 2));
  const outcome = await pruneTargets(
    wanted,
    { apply: !dryRun },
    {
      retention,
      store,
      worker,
      now,
      log: {
        info: (fields, message) => log.info(message, fields),
        warn: (fields, message) => log.warn(message, fields),
      },
      tell: async (events) => {
        const undelivered = await tell(events, sink, log);
        if (undelivered.length > 0) for (const { detail } of events) untold.add(detail.target);
        return undelivered;
      },
      signal: new AbortController().signal,
      timeBudget: timeBudget.signal,
    },
  ).finally(() => clearTimeout(timer));
  const { failed, postponed } = outcome;
  for (const { target, error } of failed) log.error(`Prune of ${target} failed`, error);
  if (postponed.length > 0) log.warn('The time was up: some targets are left for the next time', { postponed });
  count('TargetsFailed', failed.length);
  const first = failed.find(({ target, error }) => error.retryable || untold.has(target));
  if (first) throw ofAll(first, failed);
  return describeTargets(outcome, { dryRun });
}

async function tell(events: BackupEvent[], sink: EventSink, log: Logger): Promise<Undelivered[]> {
  const teller = new Teller([sink], (undelivered) => log.error('The prune could not be told', { ...undelivered }));
  await teller.tell(...events);
  return teller.undelivered;
}

/** The invocation counts as failed; asking again does no harm. */
function ofAll(first: FailedPrune, failed: FailedPrune[]): BackupError {
  const others = failed.filter((each) => each !== first);
  const { code, message, hint, retryable } = first.error;
  const more = others.length > 0 ? ` (and so did ${others.map(({ target }) => target).join(', ')})` : '';
  return new BackupError(code, `Prune of ${first.target} failed${more}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    retryable,
    cause: first.error,
  });
}
