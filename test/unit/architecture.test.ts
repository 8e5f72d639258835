import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/*
 * The arrows of docs/architecture.md, held by reading every import. A file belongs to the longest area that its path
 * starts with; an area may import from itself and from what is listed.
 */
const CORE = ['core/model', 'core/store', 'core/catalog', 'core/alerts', 'core'];
const AREAS: Record<string, { areas: string[]; packages?: RegExp }> = {
  'core/model': { areas: [], packages: /^zod$/ },
  'core/store': { areas: ['core/model'] },
  'core/catalog': { areas: ['core/model', 'core/store'] },
  'core/alerts': { areas: ['core/model', 'core/store'] },
  core: { areas: ['core/model'] },
  'agent/pipeline': { areas: CORE },
  'agent/falkordb': { areas: [...CORE, 'agent/pipeline'] },
  agent: { areas: [...CORE, 'agent/pipeline', 'agent/falkordb', 'package.json'] },
  lambdas: { areas: [...CORE, 'package.json'] },
  infra: { areas: ['core/model'] },
};

/** Packages that only these folders may know. */
const OWNED_PACKAGES: [RegExp, string[]][] = [
  [/^ioredis$/, ['agent/falkordb/']],
  [/^@aws-sdk\//, ['core/store/', 'core/alerts/', 'lambdas/ssm/']],
];

/** Where the process's own arguments and environment may be read. */
const PROCESS_READERS = [
  /^agent\/main\.ts$/,
  /^lambdas\/[^/]+\/handler\.ts$/,
  // The user's cache folder, by the rule of XDG: not a setting of ours.
  /^agent\/falkordb\/glibc-loader\.ts$/,
];

const IMPORT = /\b(?:import|export)\s+(?:type\s+)?(?:[\w*{][^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g;
const DYNAMIC_IMPORT = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;
const PROCESS_READ =
  /\bprocess\s*\.\s*(?:env|argv)\b|\{[^}]*\b(?:env|argv)\b[^}]*\}\s*(?:=|from)\s*['"]?(?:node:)?process\b/;

function violations(path: string, source: string): string[] {
  const area = areaOf(path);
  const imported = [IMPORT, DYNAMIC_IMPORT].flatMap((pattern) =>
    [...source.matchAll(pattern)].map(([, name = '']) => name),
  );
  const found = imported.flatMap((name) =>
    name.startsWith('.') ? pathViolations(path, area, name) : packageViolations(path, area, name),
  );
  const reads = PROCESS_READ.test(source) && !PROCESS_READERS.some((reader) => reader.test(path));
  return reads ? [...found, `${path} reads process.env or process.argv`] : found;
}

function pathViolations(path: string, area: string, name: string): string[] {
  const target = normalize(join(dirname(path), name));
  const targetArea = areaOf(target);
  const isAllowed = targetArea === area || AREAS[area]?.areas.includes(targetArea);
  return isAllowed ? [] : [`${path} imports ${target}`];
}

function packageViolations(path: string, area: string, name: string): string[] {
  const { packages } = AREAS[area] ?? {};
  const owners = OWNED_PACKAGES.find(([pattern]) => pattern.test(name))?.[1];
  const isForeign = owners && !owners.some((owner) => path.startsWith(owner));
  return isForeign || (packages && !packages.test(name)) ? [`${path} imports ${name}`] : [];
}

/** A path outside of all areas is an area of its own, which nobody may import unless it is named. */
function areaOf(path: string): string {
  const areas = Object.keys(AREAS).filter((area) => path.startsWith(`${area}/`));
  return areas.sort((a, b) => b.length - a.length)[0] ?? path;
}

describe('the arrows of the architecture', () => {
  const paths = globSync('{core,agent,lambdas,infra}/**/*.ts', { exclude: ['**/node_modules/**'] });

  it('are kept by every file', () => {
    expect(paths.length).toBeGreaterThan(80);
    expect(paths.flatMap((path) => violations(path, readFileSync(path, 'utf8')))).toEqual([]);
  });

  it('are found in every file that has imports', () => {
    const silent = paths.filter((path) => {
      const source = readFileSync(path, 'utf8');
      const count = [IMPORT, DYNAMIC_IMPORT].reduce((sum, pattern) => sum + [...source.matchAll(pattern)].length, 0);
      return count < [...source.matchAll(/^import\b/gm)].length;
    });
    expect(silent).toEqual([]);
  });

  it.each([
    ['core/model/x.ts', "import { Redis } from 'ioredis';"],
    ['core/model/x.ts', "import { join } from 'node:path';"],
    ['core/model/x.ts', "import type { ObjectStore } from '../store/object-store.ts';"],
    ['core/store/x.ts', "import { listBackups } from '../catalog/catalog.ts';"],
    ['core/store/file/x.ts', "import { backup } from '../../../agent/backup.ts';"],
    ['core/catalog/x.ts', "export * from '../../agent/backup.ts';"],
    ['core/catalog/x.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['agent/x.ts', "import {\n  a,\n  b,\n} from '../lambdas/scheduler/handler.ts';"],
    ['agent/x.ts', "import { Redis } from 'ioredis';"],
    ['agent/cli/x.ts', "const { S3Client } = await import('@aws-sdk/client-s3');"],
    ['agent/pipeline/x.ts', "import { Database } from '../falkordb/database.ts';"],
    ['agent/falkordb/x.ts', "import { loadConfig } from '../config.ts';"],
    ['agent/x.ts', "import '../test/support/memory-store.ts';"],
    ['lambdas/scheduler/handler.ts', "import { backup } from '../../agent/backup.ts';"],
    ['infra/stack.ts', "import { openStore } from '../core/store/open-store.ts';"],
    ['infra/stack.ts', "import { backup } from '../agent/backup.ts';"],
    ['agent/cli/x.ts', 'const home = process.env.HOME;'],
    ['agent/cli/x.ts', 'const [, , verb] = process.argv;'],
    ['agent/cli/x.ts', "import { env } from 'node:process';"],
    ['core/store/x.ts', 'const { env } = process;'],
  ])('do not let %s say %j', (path, source) => expect(violations(path, source)).toHaveLength(1));

  it.each([
    ['core/model/x.ts', "import { z } from 'zod';\nimport { a } from './errors.ts';"],
    ['core/store/s3-store.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['core/catalog/x.ts', "import pMap from 'p-map';\nimport { a } from '../store/object-store.ts';"],
    ['agent/falkordb/x.ts', "import { Redis } from 'ioredis';\nimport { a } from '../../core/model/errors.ts';"],
    ['agent/x.ts', "import packageJson from '../package.json' with { type: 'json' };"],
    ['agent/main.ts', 'const { argv, env } = process;\nrun(process.argv, process.env);'],
    ['lambdas/scheduler/handler.ts', "import { a } from '../../core/catalog/catalog.ts';\nprocess.env.TOPIC;"],
    ['infra/stack.ts', "import { Stack } from 'aws-cdk-lib';\nimport { TIERS } from '../core/model/tiers.ts';"],
  ])('let %s say %j', (path, source) => expect(violations(path, source)).toEqual([]));
});
