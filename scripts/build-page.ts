import { appendFile, copyFile, mkdir, readFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { licenses } from './bundle.ts';

const SOURCE = 'agent/web/page';
const BUILT = 'dist/web';
const LICENSES = 'dist/THIRD-PARTY-LICENSES.txt';

/** The dashboard's page: static files that need nothing from elsewhere. After build-agent.ts, which empties dist. */
await mkdir(BUILT, { recursive: true });
const { metafile } = await build({
  entryPoints: [
    { in: `${SOURCE}/main.tsx`, out: 'page' },
    { in: `${SOURCE}/page.css`, out: 'page' },
  ],
  outdir: BUILT,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'es2023',
  format: 'esm',
  // esbuild would otherwise take the compiler options of the root.
  tsconfig: `${SOURCE}/tsconfig.json`,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
});
for (const file of ['index.html', 'favicon.svg']) await copyFile(`${SOURCE}/${file}`, `${BUILT}/${file}`);

// Run again on its own, it finds them there.
const texts = await licenses(metafile);
const present = await readFile(LICENSES, 'utf8').catch(() => '');
if (!present.includes(texts)) await appendFile(LICENSES, texts);
