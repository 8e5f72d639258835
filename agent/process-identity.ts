import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from '../core/model/errors.ts';
import type { ProcessIdentity } from '../core/model/lease.ts';

export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    bootId: readProc('sys/kernel/random/boot_id'),
    pidNamespace: tryRead(() => readlinkSync('/proc/self/ns/pid')),
    startTicks: startTicks(process.pid),
  };
}

/**
 * True only where this host can be sure. It cannot be for a process of another boot: that may be another host of the
 * same name, and its lease expires soon enough.
 */
export function isProcessDead(holder: ProcessIdentity): boolean {
  const own = ownIdentity();
  const isComparable = holder.bootId !== null && holder.pidNamespace !== null && holder.startTicks !== null;
  const isHere = holder.host === own.host && holder.bootId === own.bootId && holder.pidNamespace === own.pidNamespace;
  return isComparable && isHere && startTicks(holder.pid) !== holder.startTicks;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); the second one, the name, may hold spaces and parentheses. */
function startTicks(pid: number): string | null {
  const stat = readProc(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readProc(path: string): string | null {
  return tryRead(() => readFileSync(`/proc/${path}`, 'utf8').trim());
}

/** Null where there is no /proc, or no such process. */
function tryRead(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error)) return null;
    throw error;
  }
}
