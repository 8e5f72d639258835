import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { availableMemory } from '../../../agent/own-memory.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const GB = 1e9;
const MEMINFO = 'MemTotal:       9000000 kB\nMemFree:         100 kB\nMemAvailable:   8000000 kB\n';
const FREE = 8_000_000 * 1024;

async function availableIn(files: Record<string, string>): Promise<number> {
  await using root = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(root.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return await availableMemory(root.path);
}

const group = (folder: string, [limit, used, cache]: [string | number, number, number]) => ({
  [`sys/fs/cgroup${folder}/memory.max`]: `${limit}\n`,
  [`sys/fs/cgroup${folder}/memory.current`]: `${used}\n`,
  [`sys/fs/cgroup${folder}/memory.stat`]: `anon 5\ninactive_file ${cache}\n`,
});
const firstVersion = (folder: string, [limit, used, cache]: [number, number, number]) => ({
  [`sys/fs/cgroup/memory${folder}/memory.limit_in_bytes`]: `${limit}\n`,
  [`sys/fs/cgroup/memory${folder}/memory.usage_in_bytes`]: `${used}\n`,
  [`sys/fs/cgroup/memory${folder}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${cache}\n`,
});
const machine = { 'proc/meminfo': MEMINFO };

test.each<[string, Record<string, string>, number]>([
  ['nothing tells', {}, Number.POSITIVE_INFINITY],
  ['no control group has a limit', { ...machine, 'proc/self/cgroup': '0::/a\n', ...group('/a', ['max', GB, 0]) }, FREE],
  ['its own group has one', { ...machine, 'proc/self/cgroup': '0::/a/b\n', ...group('/a/b', [3 * GB, GB, 0]) }, 2 * GB],
  ['a group above has one', { ...machine, 'proc/self/cgroup': '0::/a/b\n', ...group('/a', [3 * GB, GB, 0]) }, 2 * GB],
  [
    'several have one: the tightest counts',
    { ...machine, 'proc/self/cgroup': '0::/a/b\n', ...group('/a', [GB, 0, 0]), ...group('/a/b', [3 * GB, GB, 0]) },
    GB,
  ],
  [
    'page cache fills it, which the kernel gives up',
    { ...machine, 'proc/self/cgroup': '0::/a\n', ...group('/a', [3 * GB, 3 * GB, 2 * GB]) },
    2 * GB,
  ],
  [
    'the path is that of the host, as in a container',
    { ...machine, 'proc/self/cgroup': '0::/docker/x\n', ...group('', [GB, 0, 0]) },
    GB,
  ],
  [
    'the limit is more than the machine has',
    { ...machine, 'proc/self/cgroup': '0::/a\n', ...group('/a', [99 * GB, 0, 0]) },
    FREE,
  ],
  ['it is overdrawn', { ...machine, 'proc/self/cgroup': '0::/a\n', ...group('/a', [GB, 2 * GB, 0]) }, 0],
  [
    'groups are of version 1, beside those of version 2',
    {
      ...machine,
      'proc/self/cgroup': '4:cpu,memory:/a\n0::/\n',
      ...firstVersion('/a', [3 * GB, 2 * GB, GB]),
      ...group('', [1, 1, 0]),
    },
    2 * GB,
  ],
])('where %s', async (_, files, bytes) => expect(await availableIn(files)).toBe(bytes));

test('of this very machine is more than nothing', async () => {
  expect(await availableMemory()).toBeGreaterThan(1_000_000);
});
