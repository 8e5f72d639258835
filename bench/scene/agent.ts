import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundle } from '../../scripts/bundle.ts';

/** Below node_modules: there the bundle finds the engine's package as an installed one does. */
const CACHE = 'node_modules/.cache';

export interface BundledAgent extends AsyncDisposable {
  /** Words that start it. */
  command(...args: string[]): string[];
}

/** Our agent as it is published: one file, of a folder of this run's own. */
export async function bundleAgent(): Promise<BundledAgent> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(resolve(CACHE), 'falkordb-backup-bench-'));
  const outfile = join(folder, 'agent.mjs');
  await bundle({ entryPoints: ['agent/main.ts'], outfile });
  return {
    command: (...args) => [process.execPath, outfile, ...args],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
