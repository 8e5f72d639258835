import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** One file that needs nothing but Node. */
export async function bundle({ shebang = '', ...options }: BuildOptions & { shebang?: string }): Promise<Metafile> {
  const { metafile } = await build({
    bundle: true,
    platform: 'node',
    target: 'node24',
    // esbuild 0.28 would rewrite it, and wrongly so in a loop: an error of one turn is thrown again by the next one.
    supported: { using: true },
    format: 'esm',
    // Prefers the ES module of a package that has both.
    mainFields: ['module', 'main'],
    banner: {
      // Some bundled packages are CommonJS and call require for Node's own modules.
      js: `${shebang}import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);`,
    },
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
    metafile: true,
  });
  return metafile;
}

/** The licences of the packages in the bundle ask to go with it. */
export async function licenses({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const texts = [...new Set(folders)].sort().map((folder) => (folder === undefined ? '' : licenseOf(folder)));
  return (await Promise.all(texts)).join('');
}

async function licenseOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file === undefined ? `${license}\n` : await readFile(join(folder, file), 'utf8');
  return `${name} ${version}\n${'-'.repeat(40)}\n${text}\n\n`;
}
