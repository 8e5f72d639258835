import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundle, licenses } from './bundle.ts';

/** One folder in `lambdas` each. */
export const FUNCTIONS = ['start-backup', 'restore', 'prune', 'track-command', 'watchdog', 'notify'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** A folder each, with `index.mjs` and the licences that go with it: what is uploaded as the code of the function. */
export async function buildFunction(name: FunctionName, folder: string): Promise<Metafile> {
  const metafile = await bundle({
    entryPoints: [`lambdas/${name}/handler.ts`],
    outfile: join(folder, name, 'index.mjs'),
  });
  await writeFile(join(folder, name, 'THIRD-PARTY-LICENSES.txt'), await licenses(metafile));
  return metafile;
}

if (import.meta.main) {
  await rm('dist/functions', { recursive: true, force: true });
  await Promise.all(FUNCTIONS.map((name) => buildFunction(name, 'dist/functions')));
}
