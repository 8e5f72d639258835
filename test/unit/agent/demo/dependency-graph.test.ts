import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dependencyGraph, VECTOR_DIMENSION } from '../../../../agent/demo/dependency-graph.ts';

const LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    '': { name: 'app', version: '1.0.0', dependencies: { a: '^1', '@s/b': '^2' }, devDependencies: { c: '*' } },
    'node_modules/a': { version: '1.2.3', dependencies: { c: '^1', absent: '^9' } },
    'node_modules/a/node_modules/c': { version: '1.0.0', dependencies: { d: '^1', a: '^1' } },
    'node_modules/@s/b': { version: '2.0.0', optionalDependencies: { c: '^3' } },
    'node_modules/@s/b/node_modules/d': { version: '9.0.0' },
    'node_modules/c': { version: '3.0.0', dev: true },
    'node_modules/d': { version: '1.0.0', dependencies: { '@s/b': '^2' } },
  },
});

const { packages, edges } = dependencyGraph(LOCK);
const targetsOf = (from: string) => edges.filter((edge) => edge.from === from).map(({ to }) => to);

describe('dependencyGraph', () => {
  it('makes a node of every package, and of the project itself', () => {
    expect(packages.map(({ path, name, version, dev }) => [path, name, version, dev])).toEqual([
      ['.', '.', '1.0.0', false],
      ['node_modules/a', 'a', '1.2.3', false],
      ['node_modules/a/node_modules/c', 'c', '1.0.0', false],
      ['node_modules/@s/b', '@s/b', '2.0.0', false],
      ['node_modules/@s/b/node_modules/d', 'd', '9.0.0', false],
      ['node_modules/c', 'c', '3.0.0', true],
      ['node_modules/d', 'd', '1.0.0', false],
    ]);
  });

  it('resolves as Node does: its own folder first, then those above', () => {
    expect(targetsOf('.').toSorted()).toEqual(['node_modules/@s/b', 'node_modules/a', 'node_modules/c']);
    expect(targetsOf('node_modules/a')).toEqual(['node_modules/a/node_modules/c']);
    expect(targetsOf('node_modules/a/node_modules/c')).toEqual(['node_modules/d', 'node_modules/a']);
    expect(targetsOf('node_modules/@s/b')).toEqual(['node_modules/c']);
    expect(targetsOf('node_modules/d')).toEqual(['node_modules/@s/b']);
  });

  it('keeps the wanted range, and leaves out what is not installed', () => {
    expect(edges).toContainEqual({ from: '.', to: 'node_modules/a', range: '^1' });
    expect(edges.filter(({ to }) => to.includes('absent'))).toEqual([]);
  });

  it('gives the same name the same vector, and another name another', () => {
    const vectors = packages.filter(({ name }) => name === 'c').map(({ vector }) => vector);
    expect(vectors).toHaveLength(2);
    expect(vectors[0]).toEqual(vectors[1]);
    expect(vectors[0]).not.toEqual(packages.find(({ name }) => name === 'd')?.vector);
    for (const { vector } of packages) {
      expect(vector).toHaveLength(VECTOR_DIMENSION);
      for (const number of vector) expect(number >= 0 && number <= 1).toBe(true);
    }
  });

  it('reads the lock file of this project: every edge leads from a package to a package', () => {
    const own = dependencyGraph(readFileSync('package-lock.json', 'utf8'));
    const paths = new Set(own.packages.map(({ path }) => path));
    expect(paths.size).toBeGreaterThan(50);
    expect(own.edges.length).toBeGreaterThan(50);
    expect(own.edges.filter(({ from, to }) => !paths.has(from) || !paths.has(to))).toEqual([]);
  });

  it.each(['', '{}', '{"lockfileVersion": 1, "dependencies": {}}'])(
    'throws for a file that is no lock file: %j',
    (text) => {
      expect(() => dependencyGraph(text)).toThrow();
    },
  );
});
