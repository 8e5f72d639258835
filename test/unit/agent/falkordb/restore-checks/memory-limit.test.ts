import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMemoryLimit } from '../../../../../agent/falkordb/restore-checks/memory-limit.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const REDIS = 'redis-server *:6379\0\0\0';

/** What it says of process 7, with these files below /proc/7 and /sys/fs/cgroup. */
async function limitWith(process: Record<string, string>, groups: Record<string, string> = {}) {
  await using folder = await temporaryFolder();
  const places = { proc: join(folder.path, 'proc'), cgroup: join(folder.path, 'cgroup') };
  const files = [
    ...Object.entries(process).map(([name, text]) => [join(places.proc, '7', name), text] as const),
    ...Object.entries(groups).map(([name, text]) => [join(places.cgroup, name), text] as const),
  ];
  for (const [path, text] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return await readMemoryLimit(7, places);
}

describe('readMemoryLimit', () => {
  const inV2 = { cmdline: REDIS, cgroup: '0::/docker/db\n' };

  it('of version 2 is the least on the way to the root', async () => {
    expect(await limitWith(inV2, { 'docker/db/memory.max': '2000\n', 'docker/memory.max': 'max\n' })).toBe(2000);
    expect(await limitWith(inV2, { 'docker/db/memory.max': '2000\n', 'docker/memory.max': '1000\n' })).toBe(1000);
    expect(await limitWith(inV2, { 'docker/memory.max': '1000\n' })).toBe(1000);
    expect(await limitWith(inV2, { 'docker/db/memory.max': 'max\n' })).toBe(Number.POSITIVE_INFINITY);
    expect(await limitWith({ cmdline: REDIS, cgroup: '0::/\n' })).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(['4:memory:/docker/db\n', '4:cpu,memory:/docker/db\n', '4:memory,hugetlb:/docker/db\n'])(
    'of version 1 is that of the memory controller: %j',
    async (line) => {
      const cgroup = `9:name=systemd:/x\n${line}1:cpu:/y\n0::/\n`;
      expect(await limitWith({ cmdline: REDIS, cgroup }, { 'memory/docker/db/memory.limit_in_bytes': '3000\n' })).toBe(
        3000,
      );
    },
  );

  it.each([
    ['a group in another namespace', { cmdline: REDIS, cgroup: '0::/../db\n' }, { 'db/memory.max': '1' }],
    ['a group that is not to be seen here', inV2, {}],
    ['another program of that number', { ...inV2, cmdline: 'node\0server.js\0' }, { 'docker/db/memory.max': '1' }],
    ['no process of that number', {}, { 'docker/db/memory.max': '1' }],
  ])('is unknown for %s', async (_, process, groups) => {
    expect(await limitWith(process, groups)).toBeUndefined();
  });

  it('knows a redis-server behind a loader', async () => {
    const cmdline = '/lib/ld-linux-x86-64.so.2\0--library-path\0/lib\0/opt/bin/redis-server 127.0.0.1:1\0';
    expect(await limitWith({ ...inV2, cmdline }, { 'docker/db/memory.max': '2000' })).toBe(2000);
  });
});
