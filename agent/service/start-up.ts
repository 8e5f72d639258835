import type { Logger } from 'pino';
import type { BackupDeps } from '../backup.ts';
import { recoverTarget } from '../restore/recover-target.ts';
import type { Agenda, Slot } from './agenda.ts';
import { findBacklog } from './backlog.ts';
import type { Clock } from './clock.ts';
import { goneRunNotices } from './gone-runs.ts';
import type { ServedTarget } from './port.ts';
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

/**
 * Looks after what an earlier process has left: a restore that was cut off, runs without a verdict, what was due
 * meanwhile. What cannot be done yet, because FalkorDB or the store is away, is tried again every minute.
 * @returns what has not been done yet: to be called until nothing is left
 */
export function startUp(deps: StartUpDeps): StartUpStep[] {
  return [
    { name: 'recover a restore that was cut off', run: () => recoverRestore(deps) },
    { name: 'make up for what was missed', run: () => catchUp(deps) },
  ];
}

export interface StartUpStep {
  name: string;
  run: () => Promise<void>;
}

/** Tries each until it is done. @param onTried called when each was tried once */
export async function untilDone(steps: StartUpStep[], deps: StartUpDeps, onTried: () => void): Promise<void> {
  let left = steps;
  for (let round = 1; left.length > 0 && !deps.closing.aborted; round++) {
    const failed: StartUpStep[] = [];
    for (const step of left) {
      try {
        await step.run();
      } catch (error) {
        deps.log.error({ err: error, attempt: round }, `The service could not ${step.name}; it tries again`);
        failed.push(step);
      }
    }
    left = failed;
    if (round === 1) onTried();
    if (left.length > 0) await deps.clock.pause(RETRY_AFTER_MS, deps.closing);
  }
}

async function recoverRestore({ target, clock, log, ending }: StartUpDeps): Promise<void> {
  const deps: BackupDeps = { ...target, log, now: () => clock.now(), onProgress: () => {}, signal: ending };
  const recovered = await recoverTarget(deps, { force: false });
  if (recovered.status === 'recovered') log.warn({ runId: recovered.runId }, recovered.message);
}

async function catchUp(deps: StartUpDeps): Promise<void> {
  const { target, agenda, since, clock, log, offer } = deps;
  const { store, name, config } = target;
  const { schedules, timeZone } = config.service;
  const now = clock.now();
  // First: a run that was cut off is open until it has a verdict.
  const missed = await findBacklog(store, { target: name, agenda, schedules, timeZone, now: since });
  const notices = await goneRunNotices(store, name, { since, now });
  const untold = await tellAll(notices, target, { now: () => clock.now(), log });
  for (const { error } of untold) log.warn({ err: error }, 'A run that was cut off could not be given its verdict');
  for (const slot of missed) {
    log.info({ job: slot.job, dueAt: slot.dueAt.toISOString() }, 'Making up for what was due while no service ran');
    offer(slot);
  }
}
