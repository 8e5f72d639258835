import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Lease, LeaseHeldError, type LeaseRequest } from '../core/catalog/lease.ts';
import { BackupError } from '../core/model/errors.ts';
import { abortError } from '../core/store/abort.ts';
import type { ObjectStore } from '../core/store/object-store.ts';

const POLL_MS = 3_000;

export interface Waiting {
  /** 0 to fail at once; `Infinity` to wait until `signal` is aborted. */
  waitSeconds: number;
  /** The setting that says so. */
  setting?: string;
  /** Waits for the very same run, too. */
  evenForSameRun?: boolean;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Takes the lease of a target as soon as whoever holds it is done with it.
 * @throws lease-held at once where that is the very same run, else once it has waited long enough; `signal`'s reason, which
 * names who was waited for where that is a deadline
 */
export async function waitForLease(store: ObjectStore, request: LeaseRequest, waiting: Waiting): Promise<Lease> {
  const { waitSeconds, evenForSameRun = false, log, signal } = waiting;
  const started = performance.now();
  for (let seenRun: string | undefined; ; ) {
    try {
      return await Lease.acquire(store, request);
    } catch (error) {
      if (!(error instanceof LeaseHeldError) || waitSeconds === 0) throw error;
      if (error.runId === request.runId && !evenForSameRun) throw error;
      const leftMs = waitSeconds * 1000 - (performance.now() - started);
      if (leftMs <= 0) throw stillHeld(error, waiting);
      if (error.runId !== seenRun)
        log.info({ run: error.runId, ...bound(waitSeconds) }, 'Waiting for another run to end');
      seenRun = error.runId;
      await pause(Math.min(leftMs, POLL_MS * (0.5 + Math.random())), signal, error);
    }
  }
}

function bound(waitSeconds: number): { waitSeconds?: number } {
  return Number.isFinite(waitSeconds) ? { waitSeconds } : {};
}

async function pause(ms: number, signal: AbortSignal, held: LeaseHeldError): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    throw signal.aborted ? whyStopped(abortError(signal), held) : error;
  });
}

function whyStopped(reason: BackupError, { message, hint }: LeaseHeldError): BackupError {
  if (reason.code !== 'deadline') return reason;
  const details = { retryable: true, cause: reason, ...(hint === undefined ? {} : { hint }) };
  return new BackupError('deadline', `${reason.message} It did nothing but wait: ${message}`, details);
}

function stillHeld(error: LeaseHeldError, { waitSeconds, setting }: Waiting): LeaseHeldError {
  const { runId, message, hint = '' } = error;
  return new LeaseHeldError(runId, `${message} It was waited for, for ${waitSeconds} s.`, {
    hint: setting === undefined ? hint : `${hint} ${setting} says how long it is waited for.`.trim(),
    retryable: true,
    cause: error,
  });
}
