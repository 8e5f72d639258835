import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

export interface Clone extends AsyncDisposable {
  path: string;
}

/** The sources as a user has them, in a folder of their own: what is built there is in nobody's way. */
export async function cloneOfSources(): Promise<Clone> {
  const path = await mkdtemp(join(await realpath(tmpdir()), 'falkordb-backup-clone-'));
  const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard']);
  for (const file of stdout.split('\n').filter((name) => !name.startsWith('test/'))) {
    await mkdir(join(path, dirname(file)), { recursive: true });
    await cp(file, join(path, file), { force: true }).catch((error: NodeJS.ErrnoException) => {
      // Removed, and git does not know it yet.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await symlink(await realpath('node_modules'), join(path, 'node_modules'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
