import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { givesWay } from '../../agent/give-way.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = new URL('../../agent/main.ts', import.meta.url).pathname;

test.each([
  ['goes after all others', [], 19],
  ['goes as it was told to', ['nice', '-n', '3'], 3],
])('the service %s, with each of its threads', async (_, prefix, niceness) => {
  await using folder = await temporaryFolder();
  const [command = '', ...words] = [...prefix, process.execPath, MAIN, 'run', '--json', '--listen', '127.0.0.1:0'];
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      FALKORDB_URL: 'redis://127.0.0.1:1',
      BACKUP_STORE: pathToFileURL(join(folder.path, 'store')).href,
      BACKUP_STATE_DIR: join(folder.path, 'state'),
    },
  });
  const ended = once(child, 'close');
  try {
    await once(createInterface(child.stdout), 'line');
    const threads = await nicenessOfThreads(child.pid);
    expect(threads.length).toBeGreaterThan(4);
    expect(new Set(threads)).toEqual(new Set([niceness]));
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
});

test.each([
  ['backup --tier daily', true],
  ['execute version=1 action=backup target=shop', true],
  ['restore latest --force', false],
  ['restore --recover', false],
  ['execute version=1 action=restore target=shop', false],
  ['execute version=1 action=recover target=shop', false],
])('%s gives way: %s', (line, expected) => {
  expect(givesWay(line.split(' '))).toBe(expected);
});

/** proc(5): the nineteenth field of each thread's stat; the second, its name, may hold blanks. */
async function nicenessOfThreads(pid: number | undefined): Promise<number[]> {
  const folder = `/proc/${pid}/task`;
  const stats = await Promise.all(
    (await readdir(folder)).map((thread) => readFile(`${folder}/${thread}/stat`, 'utf8')),
  );
  return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]));
}
