import { readFile, writeFile } from 'node:fs/promises';

/* What Linux tells of processes (proc(5)). Of one that has ended, everything is 0 or empty. */

/** Of a second; fixed in what the kernel tells programs on x64 and arm64. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** User and system time of the process and of those of its children that have ended and were waited for. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const [own, waitedFor] = await times(String(pid));
  return own + waitedFor;
}

/** User and system time of all children of ours that have ended, and of theirs: no run is so short that it is missed. */
export async function cpuSecondsOfEndedChildren(): Promise<number> {
  const [, waitedFor] = await times('self');
  return waitedFor;
}

async function times(pid: string): Promise<[own: number, waitedFor: number]> {
  const text = await read(`/proc/${pid}/stat`);
  // Behind the name of the program, which may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = (index: number) => Number(fields[index] ?? 0);
  return [(ticks(11) + ticks(12)) / TICKS_PER_SECOND, (ticks(13) + ticks(14)) / TICKS_PER_SECOND];
}

/** The kernel's own high-water mark of resident memory: since the start of the process, or since `resetPeak`. */
export async function peakBytesOf(pid: number): Promise<number> {
  return kibibytes(await read(`/proc/${pid}/status`), 'VmHWM');
}

/** @throws where it is another user's */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** Pages that the process shares with no other: of a forked child, what was copied since the fork, and its own. */
export async function privateDirtyBytesOf(pid: number): Promise<number> {
  return kibibytes(await read(`/proc/${pid}/smaps_rollup`), 'Private_Dirty');
}

/** What ps shows: Redis renames its forks there. */
export async function commandLineOf(pid: number): Promise<string> {
  return (await read(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim();
}

export async function childrenOf(pid: number): Promise<number[]> {
  const text = await read(`/proc/${pid}/task/${pid}/children`);
  return text.trim() === '' ? [] : text.trim().split(/\s+/).map(Number);
}

/** The process and all below it. */
export async function treeOf(pid: number): Promise<number[]> {
  const below = await Promise.all((await childrenOf(pid)).map(treeOf));
  return [pid, ...below.flat()];
}

function kibibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * KIB;
}

/** A process may end at any moment, between two reads too. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
