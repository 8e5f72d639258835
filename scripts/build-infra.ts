import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { bundle, licenses } from './bundle.ts';

const OUT = 'dist/infra';
/** Of the app that uses the constructs. */
const EXTERNAL = ['aws-cdk-lib', 'constructs'];
const IMPORT = /(\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"]+)\2/g;

await rm(OUT, { recursive: true, force: true });
const metafile = await bundle({
  entryPoints: ['infra/index.ts'],
  outfile: join(OUT, 'index.mjs'),
  external: EXTERNAL.flatMap((name) => [name, `${name}/*`]),
});
await writeFile(join(OUT, 'THIRD-PARTY-LICENSES.txt'), await licenses(metafile));
await buildDeclarations('infra/index', OUT);

/**
 * Only what can be reached from the entry: the compiler writes a file for every source, and those of the others speak of
 * packages which are in the bundle and not on the machine of whoever uses it.
 */
async function buildDeclarations(entry: string, out: string): Promise<void> {
  const all = await mkdtemp(join(tmpdir(), 'falkordb-backup-types-'));
  try {
    await execa('tsc', ['--project', 'infra/tsconfig.declarations.json', '--outDir', all], {
      preferLocal: true,
      stderr: 'inherit',
    });
    const root = join(all, dirname(entry));
    const open = [join(all, `${entry}.d.ts`)];
    for (const path of open) {
      const { text, next } = rewrite(path, await readFile(path, 'utf8'));
      open.push(...next.filter((each) => !open.includes(each)));
      const target = join(out, relative(root, path));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
  } finally {
    await rm(all, { recursive: true });
  }
}

/** With the names that an import has in a published package. @throws for a package that its user need not have */
function rewrite(path: string, text: string): { text: string; next: string[] } {
  const next: string[] = [];
  const rewritten = text.replaceAll(IMPORT, (found, keyword: string, quote: string, name: string) => {
    if (name.startsWith('.')) {
      const base = name.replace(/\.ts$/, '');
      next.push(resolve(dirname(path), `${base}.d.ts`));
      return `${keyword}${quote}${base}.js${quote}`;
    }
    if (EXTERNAL.some((external) => name === external || name.startsWith(`${external}/`))) return found;
    throw new Error(`The declarations of the constructs speak of ${name} in ${path}: its users need not have it.`);
  });
  return { text: rewritten, next };
}
