import pMap from 'p-map';
import type { EventSink } from '../../core/alerts/event-sink.ts';
import { lostRunBounds } from '../../core/catalog/lost-runs.ts';
import { tellNotices, type WatchFailure } from '../../core/catalog/notice.ts';
import { type WatchRequest, watch } from '../../core/catalog/watchdog.ts';
import { BackupError } from '../../core/model/errors.ts';
import type { BackupEvent } from '../../core/model/events.ts';
import { parseInput, type WatchdogInput, watchdogInputSchema } from '../../core/model/function-inputs.ts';
import type { ObjectStore } from '../../core/store/object-store.ts';
import { type Logger, logOfRun } from '../runtime/logger.ts';
import type { Gauge } from '../runtime/metrics.ts';

const PARALLEL_TARGETS = 10;
/** For the look at a target that has begun. */
const MARGIN_MS = 60_000;
const NAMED_FAILURES = 10;

export interface WatchdogDeps {
  store: ObjectStore;
  sink: EventSink;
  now: () => Date;
  /** Until the function is ended from outside. */
  remainingMs: () => number;
  log: Logger;
  gauge: Gauge;
}

export interface WatchdogAnswer {
  targets: number;
  /** Event ids. */
  told: string[];
  /** Tiers and verifications. */
  overdue: number;
}

/**
 * Tells what should have happened and has not. Each target's is told before others are looked at, so that a store that
 * is slow for some does not keep the rest from being told. May be invoked as often as one likes, also twice at once.
 *
 * What could not be looked at, told or remembered fails the invocation once everything else is done; then no metric is
 * written either, so that whoever listens for its silence hears of it.
 * @throws invalid-argument, invalid-settings where a schedule is none; what is wrong with a target, naming those that failed
 */
export async function watchdog(input: unknown, deps: WatchdogDeps): Promise<WatchdogAnswer> {
  const { targets, ...wanted } = parseInput(watchdogInputSchema, input);
  const request = { ...toRequest(wanted), now: deps.now() };
  const looks = await pMap([...new Set(targets)], (target) => lookAt(target, request, deps), {
    concurrency: PARALLEL_TARGETS,
  });
  const failures = looks.flatMap((look) => look.failures);
  const [first] = failures;
  if (first) throw notAllWatched(first, failures, looks.length);
  const overdue = looks.reduce((sum, look) => sum + look.overdue, 0);
  deps.gauge('Overdue', overdue);
  return { targets: looks.length, told: looks.flatMap(({ told }) => told), overdue };
}

function toRequest(wanted: Omit<WatchdogInput, 'targets'>): Omit<WatchRequest, 'targets' | 'now'> {
  const { graceMinutes, timeoutSeconds, promisedVerificationDays, timeZone, schedules } = wanted;
  return {
    schedules,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(graceMinutes === undefined ? {} : { graceMs: graceMinutes * 60_000 }),
    ...(timeoutSeconds === undefined ? {} : { lostRunBounds: lostRunBounds(timeoutSeconds) }),
    ...(promisedVerificationDays === undefined ? {} : { promisedVerificationDays }),
  };
}

interface Look {
  told: string[];
  overdue: number;
  failures: WatchFailure[];
}

async function lookAt(target: string, request: Omit<WatchRequest, 'targets'>, deps: WatchdogDeps): Promise<Look> {
  const log = logOfRun(deps.log, { target });
  const told: string[] = [];
  const tell = async (events: BackupEvent[]) => {
    await deps.sink.send(events);
    for (const { type, detail } of events) log.info(`Told: ${type}`, { eventId: detail.eventId });
    told.push(...events.map(({ detail }) => detail.eventId));
  };
  const { overdue, failures } = await watchTarget(target, request, tell, deps);
  for (const { error } of failures) log.error('The watchdog could not do its work for this target', error);
  return { told, overdue, failures };
}

async function watchTarget(
  target: string,
  request: Omit<WatchRequest, 'targets'>,
  tell: (events: BackupEvent[]) => Promise<void>,
  { store, remainingMs }: WatchdogDeps,
): Promise<Omit<Look, 'told'>> {
  if (remainingMs() < MARGIN_MS) return { overdue: 0, failures: [{ target, error: tooLate() }] };
  const { notices, failures, overdue } = await watch(store, { ...request, targets: [target] });
  failures.push(...(await tellNotices(notices, tell)));
  return { overdue, failures };
}

function tooLate(): BackupError {
  return new BackupError('deadline', 'It was not looked at: the time of the function was over.', {
    hint: 'See in the log whether the store is slow; where there are very many targets, watch them by several schedules.',
    retryable: true,
  });
}

function notAllWatched(first: WatchFailure, failures: WatchFailure[], total: number): BackupError {
  const targets = new Set(failures.map(({ target }) => target));
  const named = failures.slice(0, NAMED_FAILURES).map(({ target, error }) => `${target}: ${error.message}`);
  const others = failures.length > NAMED_FAILURES ? ` The log names all ${failures.length}.` : '';
  const { code, hint } = first.error;
  return new BackupError(
    code,
    `The watchdog failed for ${targets.size} of ${total} targets. ${named.join(' ')}${others}`,
    {
      ...(hint === undefined ? {} : { hint }),
      retryable: failures.every(({ error }) => error.retryable),
      cause: new AggregateError(failures.map(({ error }) => error)),
    },
  );
}
