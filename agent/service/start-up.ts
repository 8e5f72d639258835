import type { Logger } from 'pino';
import { workingRun } from '../../core/catalog/lease.ts';
import { BackupError, hasCode } from '../../core/model/errors.ts';
import type { BackupDeps } from '../backup.ts';
import { isProcessDead } from '../process-identity.ts';
import { recoverTarget } from '../restore/recover-target.ts';
import type { Agenda, Slot } from './agenda.ts';
import { findBacklog } from './backlog.ts';
import type { Clock } from './clock.ts';
import { goneRunNotices } from './gone-runs.ts';
import { OnceADay } from './once-a-day.ts';
import type { ServedTarget } from './port.ts';
import { runIdOfSlot } from './slot-run.ts';
import { tellAll } from './watch-target.ts';

const RETRY_AFTER_MS = 60_000;

export interface StartUpDeps {
  target: ServedTarget;
  agenda: Agenda;
  /** When the service started. */
  since: Date;
  clock: Clock;
  log: Logger;
  offer: (slot: Slot) => void;
  closing: AbortSignal;
  ending: AbortSignal;
}

/** What an earlier process may have left to be done. */
interface Step {
  name: string;
  run: () => Promise<void>;
}

/** A restore that was cut off. Until FalkorDB can be asked and the restore is surely at work no more, it is tried each minute. */
export function recoverRestore(deps: StartUpDeps): Promise<void> {
  const { target, clock, log, ending } = deps;
  const now = () => clock.now();
  const sinks = target.sinks.map((sink) => new OnceADay(sink, now));
  const recovery: BackupDeps = { ...target, sinks, log, now, onProgress: () => {}, signal: ending };
  const run = async () => {
    const recovered = await recoverTarget(recovery, { force: false });
    if (recovered.status === 'recovered') log.warn({ runId: recovered.runId }, recovered.message);
  };
  return untilDone({ name: 'recover a restore that was cut off', run }, deps);
}

/** Runs without a verdict, and what was due meanwhile. Until the store can be asked, it is tried each minute. */
export function catchUp(deps: StartUpDeps): Promise<void> {
  return untilDone({ name: 'make up for what was missed', run: () => tryToCatchUp(deps) }, deps);
}

async function untilDone({ name, run }: Step, { clock, log, closing }: StartUpDeps): Promise<void> {
  while (!closing.aborted) {
    try {
      return await run();
    } catch (error) {
      const level = hasCode(error, 'lease-held') ? 'info' : 'error';
      log[level]({ err: error }, `The service could not ${name}; it tries again in a minute`);
    }
    await clock.pause(RETRY_AFTER_MS, closing);
  }
}

async function tryToCatchUp(deps: StartUpDeps): Promise<void> {
  const { target, agenda, since, clock, log, offer } = deps;
  const { store, name, config } = target;
  const { schedules, timeZone } = config.service;
  const now = clock.now();
  // First: a run that was cut off has no verdict yet.
  const missed = await findBacklog(store, { target: name, agenda, schedules, timeZone, now: since });
  const holding = await workingRun(store, name, now, isProcessDead);
  if (missed.some((slot) => runIdOfSlot(slot) === holding)) throw mayBeAtWork(name, holding);
  const notices = await goneRunNotices(store, name, { since, now, holding });
  const untold = await tellAll(notices, target, { now: () => clock.now(), log });
  for (const { error } of untold) log.warn({ err: error }, 'A run that was cut off could not be given its verdict');
  for (const slot of missed) {
    log.info({ job: slot.job, dueAt: slot.dueAt.toISOString() }, 'Making up for what was due while no service ran');
    offer(slot);
  }
}

/** Of a container that was started again, its own: nobody can tell, and the lease runs out within a minute. */
function mayBeAtWork(target: string, runId: string | undefined): BackupError {
  return new BackupError('lease-held', `Run ${runId} of ${target} may be at work: its lease is still valid.`, {
    retryable: true,
  });
}
