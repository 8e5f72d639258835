import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { Lease, LeaseHeldError } from '../core/catalog/lease.ts';
import { recordRequested, recordStarted, recordVerdict } from '../core/catalog/runs.ts';
import { BackupError, toBackupError } from '../core/model/errors.ts';
import type { Failure, Requested, RunStep, Verdict } from '../core/model/run-record.ts';
import type { ObjectStore } from '../core/store/object-store.ts';
import { isProcessDead, ownIdentity } from './process-identity.ts';
import { TOOL } from './tool.ts';

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

/** What a run came to; `skipped` names why nothing was done. */
export type Outcome<T> = { status: 'completed'; value: T } | { status: 'skipped'; reason: string };

/**
 * Runs `work` as the only one on the target, and records that it was asked for, that it started, and its verdict. A
 * failure to record the verdict of a failure never hides the failure itself.
 * @throws lease-held, deadline, interrupted, and whatever `work` throws
 */
export async function recordRun<T>(
  context: RunContext,
  work: (work: Work) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { runId, target, backupId, store, now, log, verb, steps = [] } = context;
  const common = { schemaVersion: 1 as const, runId, target };
  await recordRequested(store, { ...common, verb, backupId, requestedAt: now().toISOString() });
  const conclude = (verdict: Verdict['verdict'], reason: string | null, failure: Failure | null) =>
    recordVerdict(store, { ...common, verdict, endedAt: now().toISOString(), reason, failure, steps });
  let outcome: Outcome<T>;
  try {
    outcome = await underLease(context, async (lease) => {
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
    });
  } catch (error) {
    const failure = toBackupError(error);
    if (isDuplicate(failure, runId)) throw failure;
    const { code, message, hint = null, retryable } = failure;
    await conclude('failed', null, { code, message, hint, retryable }).catch((recordError: unknown) => {
      log.warn({ err: recordError }, 'The failure could not be recorded in the store');
    });
    throw failure;
  }
  // What was done is done: a manifest outranks any verdict.
  await conclude(outcome.status, outcome.status === 'skipped' ? outcome.reason : null, null).catch((error: unknown) => {
    log.warn({ err: error }, 'The verdict could not be recorded in the store');
  });
  return outcome;
}

/** The same request delivered twice: the first is at work, or was, and the verdict is its to give. */
function isDuplicate(failure: BackupError, runId: string): boolean {
  return failure instanceof LeaseHeldError && failure.runId === runId;
}

function begunAlready(runId: string): LeaseHeldError {
  return new LeaseHeldError(runId, `Run ${runId} has begun before; a restore is never repeated.`, {
    hint: 'Its records say how it ended. Ask for it under another run id to do it again.',
  });
}

async function underLease<T>(context: RunContext, body: (work: Work) => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const { store, target, runId, now, log, timeoutSeconds } = context;
  const lease = await Lease.acquire(store, { target, runId, holder: ownIdentity(), isDead: isProcessDead, now });
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(outOfTime(timeoutSeconds)), timeoutSeconds * 1000);
  const signal = AbortSignal.any([context.signal, lease.lost, deadline.signal]);
  try {
    return await body({ lease, signal });
  } catch (error) {
    // What an abort makes of a stream or a timer is some AbortError; the reason is what happened.
    const namesReason = error instanceof BackupError && error.cause === signal.reason;
    throw signal.aborted && !namesReason ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    await lease
      .release()
      .catch((error: unknown) => log.warn({ err: error }, 'The lease could not be given back; it will expire'));
  }
}

function outOfTime(timeoutSeconds: number): BackupError {
  return new BackupError('deadline', `The run took longer than ${timeoutSeconds} s and was given up.`, {
    hint: 'Raise BACKUP_TIMEOUT_SECONDS, or see which step was slow: the log has the time of each.',
    retryable: true,
  });
}
