import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../../../core/model/errors.ts';

const PLACES = { proc: '/proc', cgroup: '/sys/fs/cgroup' };

/**
 * The least memory limit of the control groups that a redis-server is in, in bytes; Infinity where it has none.
 * Undefined where that cannot be told: its process, or its group, is not visible from here.
 * @param processId as the server gives it, which is its number in its own namespace
 */
export async function readMemoryLimit(processId: number, places = PLACES): Promise<number | undefined> {
  const processFolder = join(places.proc, String(processId));
  if (!isRedisServer(await read(join(processFolder, 'cmdline')))) return undefined;
  const groups = await read(join(processFolder, 'cgroup'));
  // Version 1 has a line for each controller; a hybrid system has both, and its memory is then with version 1.
  const first = /^\d+:(?:[^:]+,)?memory(?:,[^:]+)?:(.*)$/m.exec(groups ?? '')?.[1];
  if (first !== undefined) return leastLimit(join(places.cgroup, 'memory'), first, 'memory.limit_in_bytes');
  const second = /^0::(.*)$/m.exec(groups ?? '')?.[1];
  return second === undefined ? undefined : leastLimit(places.cgroup, second, 'memory.max');
}

/** The same number may be another process here. A loader may stand before the program, as in engine.ts. */
function isRedisServer(commandLine: string | undefined): boolean {
  return (commandLine ?? '').split(/[\0\s]/).some((word) => basename(word) === 'redis-server');
}

/** A group is held by the limits of all that it is in. */
async function leastLimit(root: string, group: string, file: string): Promise<number | undefined> {
  // A group outside of our own namespace is shown as `/../other`.
  if (group.split('/').includes('..')) return undefined;
  const limits: number[] = [];
  for (let path = group; path !== '/'; path = dirname(path)) {
    const limit = (await read(join(root, path, file)))?.trim();
    if (limit !== undefined) limits.push(limit === 'max' ? Number.POSITIVE_INFINITY : Number(limit));
  }
  // Not every group of version 2 has the memory controller; one without any file is not the group that we see here.
  return group !== '/' && limits.length === 0 ? undefined : Math.min(...limits);
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // ESRCH: a process that ended meanwhile.
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}
