import type { Logger } from 'pino';
import { HeartbeatSink } from '../../core/alerts/heartbeat-sink.ts';
import { lostRunBounds } from '../../core/catalog/lost-runs.ts';
import { type Notice, tellNotices, type WatchFailure } from '../../core/catalog/notice.ts';
import { watch } from '../../core/catalog/watchdog.ts';
import { BackupError, toBackupError } from '../../core/model/errors.ts';
import type { BackupEvent } from '../../core/model/events.ts';
import { createTeller } from '../telling.ts';
import type { Clock } from './clock.ts';
import type { ServedTarget } from './port.ts';

/** A store that hangs must not end the looks. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

interface WatchDeps {
  clock: Clock;
  log: Logger;
  /** Aborted where nobody waits for it any more. */
  closing: AbortSignal;
}

/**
 * Looks for what should have happened and has not, and tells it. Never throws, and ends within a bound: what goes wrong is
 * for the log, and for the next look.
 */
export async function watchTarget(target: ServedTarget, { clock, log, closing }: WatchDeps): Promise<void> {
  const looked = new AbortController();
  const work = look(target, { now: () => clock.now(), log }).finally(() => looked.abort());
  await Promise.race([work, clock.pause(GIVE_UP_AFTER_MS, AbortSignal.any([looked.signal, closing]))]);
  if (!looked.signal.aborted && !closing.aborted) log.error('The store hangs: the watchdog could not look');
}

interface LookDeps {
  now: () => Date;
  log: Logger;
}

async function look(target: ServedTarget, deps: LookDeps): Promise<void> {
  const { config, store, name } = target;
  const { prune: _, ...schedules } = config.service.schedules;
  try {
    const { notices, failures } = await watch(store, {
      targets: [name],
      schedules: Object.fromEntries(Object.entries(schedules).filter(([, cron]) => cron !== null)),
      timeZone: config.service.timeZone,
      lostRunBounds: lostRunBounds(config.timeoutSeconds),
      now: deps.now(),
    });
    warn([...failures, ...(await tellAll(notices, target, deps))], deps);
  } catch (error) {
    warn([{ target: name, error: toBackupError(error) }], deps);
  }
}

/** @returns what could not be told or remembered, for the next time */
export function tellAll(notices: Notice[], { sinks }: ServedTarget, { log }: LookDeps): Promise<WatchFailure[]> {
  return tellNotices(notices, async (events) => {
    for (const { type, detail } of events) log.warn({ event: type, hint: detail.hint }, detail.message);
    await tellSomebody(events, sinks, log);
  });
}

/** Told is what one of them took: it must not be told again and again because another is out of order. */
async function tellSomebody(events: BackupEvent[], sinks: ServedTarget['sinks'], log: Logger): Promise<void> {
  const listening = sinks.filter((sink) => !(sink instanceof HeartbeatSink));
  const teller = createTeller({ sinks: listening, log });
  await teller.tell(...events);
  if (listening.length === 0 || teller.undelivered.length < listening.length) return;
  throw new BackupError('not-delivered', 'None of the receivers of notices took it.', {
    hint: '"falkordb-backup notify --test" tells what is wrong with each.',
    retryable: true,
  });
}

function warn(failures: WatchFailure[], { log }: LookDeps): void {
  for (const { error } of failures) log.warn({ err: error }, `The watchdog could not do all: ${error.message}`);
}
