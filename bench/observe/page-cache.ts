import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './measure.ts';

/** For the report: what `settle` and `evict` do. */
export const PAGE_CACHE =
  'Before each run the file system is synced. A stored backup that a run reads is dropped from the page cache before ' +
  '(posix_fadvise DONTNEED); a dump that a save has just written is in it, and programs are, as every contender runs ' +
  'once unmeasured first (not with --runs 1).';

/** What earlier runs have written must not be written to the disk in the next one's time. */
export async function settle(folder: string, signal: AbortSignal): Promise<void> {
  await runCommand(['sync', '--file-system', folder], { signal });
}

/** Takes all files below the folder out of the page cache, and touches no other; needs no right to. */
export async function evict(folder: string, signal: AbortSignal): Promise<void> {
  await settle(folder, signal);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    // `count=0 iflag=nocache` is GNU dd's way to give the advice for a whole file.
    const command = ['dd', `if=${join(entry.parentPath, entry.name)}`, 'iflag=nocache', 'count=0', 'status=none'];
    await runCommand(command, { signal });
  }
}
