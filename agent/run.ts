import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { type Lease, LeaseHeldError } from '../core/catalog/lease.ts';
import { recordRequested, recordStarted } from '../core/catalog/runs.ts';
import { BackupError, toBackupError } from '../core/model/errors.ts';
import type { Requested, RunStep } from '../core/model/run-record.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { Conclusion, type Ending, type Outcome, type Telling } from './conclusion.ts';
import { isProcessDead, ownIdentity } from './process-identity.ts';
import { TOOL } from './tool.ts';
import { waitForLease } from './wait-for-lease.ts';

export interface RunContext {
  verb: Requested['verb'];
  runId: string;
  target: string;
  /** Null where the run is about no single backup. */
  backupId: string | null;
  store: ObjectStore;
  now: () => Date;
  log: Logger;
  timeoutSeconds: number;
  /** How long to wait, within that time at most, for another run on the target; by default it fails at once. */
  waitSeconds?: number;
  /** What the run has done so far, where it is one of several steps; its verdict lists them. */
  steps?: RunStep[];
  /** The caller's wish to stop. */
  signal: AbortSignal;
}

export interface Work {
  lease: Lease;
  /** Aborted, with the reason as a BackupError, when the run must stop: asked to, out of time, or its lease lost. */
  signal: AbortSignal;
}

/**
 * Runs `work` as the only one on the target, records that it was asked for, that it started, and its verdict, and tells
 * of its end. A failure to record the verdict of a failure never hides the failure itself.
 * @throws lease-held, deadline, interrupted, and whatever `work` throws
 */
export async function recordRun<T>(
  context: RunContext,
  work: (work: Work) => Promise<Outcome<T>>,
  telling?: Telling<T>,
): Promise<Outcome<T>> {
  const { runId, target, backupId, store, now, verb } = context;
  const common = { schemaVersion: 1 as const, runId, target };
  const conclusion = new Conclusion(context, telling);
  try {
    await recordRequested(store, { ...common, verb, backupId, requestedAt: now().toISOString() });
  } catch (error) {
    await conclusion.tell({ status: 'failed', failure: toBackupError(error) });
    throw error;
  }
  const begin = async (lease: Work) => {
    const pid = process.pid;
    const isFirst = await recordStarted(store, {
      ...common,
      startedAt: now().toISOString(),
      host: hostname(),
      pid,
      toolVersion: TOOL.version,
    });
    // A backup that exists is not made again; a restore that is asked for twice must not throw away what came since.
    if (verb === 'restore' && !isFirst) throw begunAlready(runId);
    return work(lease);
  };
  const ending = await underLease(context, begin, async (end) => {
    if (!isDuplicate(end, runId)) await conclusion.beforeRelease(end);
  });
  if (ending.status === 'failed' && isDuplicate(ending, runId)) throw ending.failure;
  // What was done is done: a manifest outranks any verdict.
  await conclusion.conclude(ending);
  if (ending.status === 'failed') throw ending.failure;
  return ending;
}

/** The same request delivered twice: the first is at work, or was, and the verdict is its to give. */
function isDuplicate(ending: Ending<unknown>, runId: string): boolean {
  return ending.status === 'failed' && ending.failure instanceof LeaseHeldError && ending.failure.runId === runId;
}

function begunAlready(runId: string): LeaseHeldError {
  return new LeaseHeldError(runId, `Run ${runId} has begun before; a restore is never repeated.`, {
    hint: 'Its records say how it ended. Ask for it under another run id to do it again.',
  });
}

async function underLease<T>(
  context: RunContext,
  body: (work: Work) => Promise<Outcome<T>>,
  beforeRelease: (ending: Ending<T>) => Promise<void>,
): Promise<Ending<T>> {
  const { timeoutSeconds } = context;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(outOfTime(timeoutSeconds)), timeoutSeconds * 1000);
  try {
    const stop = AbortSignal.any([context.signal, deadline.signal]);
    return await workUnderLease(context, stop, body, beforeRelease);
  } catch (error) {
    return { status: 'failed', failure: toBackupError(error) };
  } finally {
    clearTimeout(timer);
  }
}

async function workUnderLease<T>(
  { store, target, runId, now, log, waitSeconds = 0 }: RunContext,
  stop: AbortSignal,
  body: (work: Work) => Promise<Outcome<T>>,
  beforeRelease: (ending: Ending<T>) => Promise<void>,
): Promise<Ending<T>> {
  const request = { target, runId, holder: ownIdentity(), isDead: isProcessDead, now };
  const setting = 'BACKUP_BUSY_TIMEOUT_SECONDS';
  const lease = await waitForLease(store, request, { waitSeconds, setting, log, signal: stop });
  const signal = AbortSignal.any([stop, lease.lost]);
  try {
    const ending = await body({ lease, signal }).catch((error: unknown) => failed(error, signal));
    await beforeRelease(ending);
    return ending;
  } finally {
    await lease
      .release()
      .catch((error: unknown) => log.warn({ err: error }, 'The lease could not be given back; it will expire'));
  }
}

function failed(error: unknown, signal: AbortSignal): Ending<never> {
  // What an abort makes of a stream or a timer is some AbortError; the reason is what happened.
  const namesReason = error instanceof BackupError && error.cause === signal.reason;
  return { status: 'failed', failure: toBackupError(signal.aborted && !namesReason ? signal.reason : error) };
}

function outOfTime(timeoutSeconds: number): BackupError {
  return new BackupError('deadline', `The run took longer than ${timeoutSeconds} s and was given up.`, {
    hint: 'Raise BACKUP_TIMEOUT_SECONDS, or see which step was slow: the log has the time of each.',
    retryable: true,
  });
}
