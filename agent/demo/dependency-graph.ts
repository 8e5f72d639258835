import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What a package-lock.json (version 2 or 3) says of its packages. */
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.unknown().optional(),
      dev: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      devDependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

export interface PackageNode {
  /** Its folder, as the lock file writes it; `.` for the project itself. */
  path: string;
  name: string;
  version: string;
  dev: boolean;
  /** A made-up embedding of the name, always the same for the same name. */
  vector: number[];
}

export interface DependencyEdge {
  from: string;
  to: string;
  range: string;
}

export const VECTOR_DIMENSION = 16;
/** FalkorDB's range index does not find an empty string (seen on 4.16.3), which is what a lock file calls it. */
const ROOT = '.';

/** The packages of a lock file and the edges between them, resolved as Node does. @throws ZodError */
export function dependencyGraph(lockText: string): { packages: PackageNode[]; edges: DependencyEdge[] } {
  const { packages } = lockSchema.parse(JSON.parse(lockText));
  const nodes = Object.entries(packages).map(([path, { version = '0.0.0', dev = false }]) => {
    const name = path.split('node_modules/').at(-1) || ROOT;
    return { path: path || ROOT, name, version, dev, vector: vectorOf(name) };
  });
  const edges = Object.entries(packages).flatMap(([from, entry]) => {
    const wanted = { ...entry.devDependencies, ...entry.optionalDependencies, ...entry.dependencies };
    return Object.entries(wanted).flatMap(([name, range]) => {
      const to = resolve(packages, from, name);
      return to === undefined ? [] : [{ from: from || ROOT, to, range }];
    });
  });
  return { packages: nodes, edges };
}

/** Looks in the package's own node_modules folder, then in those above it. */
function resolve(packages: Record<string, unknown>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (folder === '') return undefined;
  }
}

function vectorOf(name: string): number[] {
  return [...createHash('sha256').update(name).digest().subarray(0, VECTOR_DIMENSION)].map((byte) => byte / 255);
}
