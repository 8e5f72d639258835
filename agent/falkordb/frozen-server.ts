import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../core/model/errors.ts';

/**
 * FalkorDB 4.16.3 freezes in about one load of 1000: its main thread waits for good for the lock of the list of graphs
 * (`Globals_AddGraph`), every other thread sleeps, and no CPU time is used.
 */
export const FROZEN_AFTER_MS = 15_000;
/** Looks are counted, not time: where this process was stopped as well, the server may not have had any. */
export const FROZEN_LOOKS = 30;
/** Of CPU time, 10 ms each, over all looks. A frozen server uses none, one that waits for clients 4 in 15 s. */
const IDLE_TICKS = 2;
/** Sleeping or stopped. Not one that runs (R), waits for its disk (D), is held by a debugger (t) or has ended (Z, X). */
const STILL = /^[ST]$/;

const PID = /Redis version=.*\bpid=(\d+)/;

export interface ProcessLook {
  /** Of the main thread: a letter, see proc_pid_stat(5). */
  state: string;
  /** CPU time of all threads so far, in ticks of 10 ms. */
  cpuTicks: number;
}

/** Takes the place of a server that will never answer. Thrown to whoever can start another one. */
export class FrozenServerError extends Error {
  override readonly name = 'FrozenServerError';
}

/**
 * @param logFile what the server writes; its process id stands there
 * @returns only where the server is frozen, and where there is no /proc never
 * @throws FrozenServerError; `signal`'s AbortError
 */
export async function throwOnceFrozen(logFile: string, afterMs: number, signal: AbortSignal): Promise<never> {
  const looks: (ProcessLook | undefined)[] = [];
  let pid: string | undefined;
  for (;;) {
    await setTimeout(afterMs / FROZEN_LOOKS, undefined, { signal });
    pid ??= PID.exec(await readIfThere(logFile))?.[1];
    looks.push(pid === undefined ? undefined : parseProcessStat(await readIfThere(`/proc/${pid}/stat`)));
    if (looks.length > FROZEN_LOOKS + 1) looks.shift();
    if (isFrozen(looks)) throw new FrozenServerError(`The throw-away server (process ${pid}) froze`);
  }
}

/** @param looks at one process, at equal distances; undefined where nothing was seen of it */
export function isFrozen(looks: (ProcessLook | undefined)[]): boolean {
  const [first] = looks;
  if (!first || looks.length <= FROZEN_LOOKS) return false;
  return looks.every((look) => look && STILL.test(look.state) && look.cpuTicks - first.cpuTicks <= IDLE_TICKS);
}

/** @param stat what /proc/<pid>/stat says */
export function parseProcessStat(stat: string): ProcessLook | undefined {
  // The program's name comes before, in parentheses, and may itself contain spaces and parentheses.
  const fields = /^\d+ \(.*\) (\S .*)$/s.exec(stat)?.[1]?.split(' ');
  const [state, userTicks, systemTicks] = [fields?.[0], Number(fields?.[11]), Number(fields?.[12])];
  if (state === undefined || Number.isNaN(userTicks + systemTicks)) return undefined;
  return { state, cpuTicks: userTicks + systemTicks };
}

export function frozeEachTime(times: number, what: string): BackupError {
  return new BackupError('database-failed', `FalkorDB froze ${times} times ${what}: it slept and never answered.`, {
    hint: 'This says nothing about the backup: try again.',
    retryable: true,
  });
}

/** Both the log and the process go with the server, at any time. */
async function readIfThere(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
