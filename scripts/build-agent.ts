import { rm, writeFile } from 'node:fs/promises';
import { bundle, licenses } from './bundle.ts';

// The first of the builds: what the others leave in dist is theirs.
await rm('dist', { recursive: true, force: true });

/** What is published, and what the container holds. */
const metafile = await bundle({
  entryPoints: ['agent/main.ts'],
  outfile: 'dist/agent.mjs',
  shebang: '#!/usr/bin/env node\n',
});
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licenses(metafile));
