import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../core/model/errors.ts';

/**
 * Bytes of memory that processes started from here can still take: what the machine has available, and what each
 * control group that we are in leaves. Page cache counts as free, because the kernel gives it up; Node's own
 * `process.availableMemory()` counts it as used. Infinity where nothing tells.
 * @param root of the file system
 */
export async function availableMemory(root = '/'): Promise<number> {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(await readText(join(root, 'proc/meminfo')))?.[1];
  const machine = available === undefined ? Number.POSITIVE_INFINITY : Number(available) * 1024;
  return Math.min(machine, ...(await leftInGroups(root)));
}

interface GroupFiles {
  limit: string;
  used: string;
  cache: RegExp;
}

const VERSION_1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cache: /^total_inactive_file (\d+)/m,
};
const VERSION_2: GroupFiles = { limit: 'memory.max', used: 'memory.current', cache: /^inactive_file (\d+)/m };

/** Limits of all groups above count as well. */
async function leftInGroups(root: string): Promise<number[]> {
  const groups = await readText(join(root, 'proc/self/cgroup'));
  const own = (pattern: RegExp) => pattern.exec(groups)?.[1];
  // A hybrid system has both; its memory is then with version 1.
  const first = own(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m);
  const [files, top, group] =
    first === undefined
      ? [VERSION_2, join(root, 'sys/fs/cgroup'), own(/^0::(\/.*)$/m) ?? '/']
      : [VERSION_1, join(root, 'sys/fs/cgroup/memory'), first];
  const left: number[] = [];
  // In a container the path may be the host's; the container's own group is then the top of what we see.
  for (let path = group; ; path = dirname(path)) {
    left.push(await leftInGroup(join(top, path), files));
    if (path === '/' || path === '.') return left;
  }
}

async function leftInGroup(folder: string, files: GroupFiles): Promise<number> {
  const limit = Number.parseInt(await readText(join(folder, files.limit)), 10);
  if (Number.isNaN(limit)) return Number.POSITIVE_INFINITY;
  const used = Number(await readText(join(folder, files.used)));
  const cache = Number(files.cache.exec(await readText(join(folder, 'memory.stat')))?.[1] ?? 0);
  return Math.max(0, limit - used + cache);
}

/** Empty where there is no such file, as on systems other than Linux. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return '';
    throw error;
  }
}
