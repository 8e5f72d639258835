import { describe, expect, it } from 'vitest';
import { compareContents, compareWithManifest } from '../../../agent/contents.ts';
import type { GraphSummary } from '../../../core/model/manifest.ts';
import type { Contents } from '../../../core/model/verification.ts';
import { EXAMPLE_GRAPH, exampleManifest, SHA_OF_NOTHING } from '../../support/example-manifest.ts';

const graph: GraphSummary = { ...EXAMPLE_GRAPH, name: 'g' };
const contents = (changes: Partial<GraphSummary> = {}, sample = SHA_OF_NOTHING): Contents => ({
  graphs: [{ ...graph, ...changes }],
  samples: { g: sample },
});
const [index, otherIndex] = graph.indexes;
const [constraint] = graph.constraints;
if (!index || !otherIndex || !constraint) throw new Error('the example has no index or constraint');

describe('compareContents', () => {
  it('finds nothing between the same', () => expect(compareContents(contents(), contents())).toEqual([]));

  it.each<[Partial<GraphSummary>, string[]]>([
    [{ nodes: 5 }, ['graph g: 5 nodes, 1200 expected']],
    [{ edges: 0, nodes: 1 }, ['graph g: 1 nodes, 1200 expected', 'graph g: 0 edges, 3400 expected']],
    [{ labels: ['Entity'] }, ['graph g: label Episodic is missing']],
    [{ labels: ['Entity', 'Episodic', 'New'] }, ['graph g: label New was not expected']],
    [{ relationshipTypes: [] }, ['graph g: relationship type RELATES_TO is missing']],
    [{ indexes: [otherIndex] }, ['graph g: index on node Entity (name FULLTEXT+RANGE) is missing']],
    [
      { indexes: [{ ...index, properties: { name: ['RANGE'] } }, otherIndex] },
      [
        'graph g: index on node Entity (name FULLTEXT+RANGE) is missing',
        'graph g: index on node Entity (name RANGE) was not expected',
      ],
    ],
    [{ constraints: [] }, ['graph g: unique constraint on node Entity (uuid) is missing']],
    [
      { constraints: [{ ...constraint, status: 'FAILED' }] },
      ['graph g: unique constraint on node Entity (uuid) is FAILED, OPERATIONAL expected'],
    ],
    [
      { constraints: [constraint, { ...constraint, type: 'MANDATORY' }] },
      ['graph g: mandatory constraint on node Entity (uuid) was not expected'],
    ],
  ])('names what differs in %j', (changes, sentences) => {
    expect(compareContents(contents(), contents(changes))).toEqual(sentences);
  });

  it.each<[string, Partial<GraphSummary>]>([
    ['an index that is still being built', { indexes: [{ ...index, status: '[Indexing] 5/10' }, otherIndex] }],
    ['the order of what has none', { labels: ['Episodic', 'Entity'], indexes: [otherIndex, index] }],
  ])('passes over %s', (_, changes) => expect(compareContents(contents(), contents(changes))).toEqual([]));

  it('passes over constraints that were pending or failed: there, or not there', () => {
    const pending = contents({ constraints: [{ ...constraint, status: 'UNDER CONSTRUCTION' }] });
    expect(compareContents(pending, contents())).toEqual([]);
    expect(compareContents(pending, contents({ constraints: [] }))).toEqual([]);
  });

  it('names samples that differ, where nothing else does', () => {
    expect(compareContents(contents(), contents({}, 'f'.repeat(64)))).toEqual([
      'graph g: its sampled nodes and edges are not the expected ones',
    ]);
    expect(compareContents(contents(), contents({ nodes: 5 }, 'f'.repeat(64)))).toHaveLength(1);
  });

  it('names graphs that are missing and those that were not expected', () => {
    const other = { graphs: [{ ...graph, name: 'h' }], samples: { h: SHA_OF_NOTHING } };
    expect(compareContents(contents(), other)).toEqual(['graph g is missing', 'graph h was not expected']);
  });

  it('says how many more there are', () => {
    const graphs = Array.from({ length: 200 }, (_, i) => ({ ...graph, name: `g${i}` }));
    const differences = compareContents({ graphs, samples: {} }, { graphs: [], samples: {} });
    expect(differences).toHaveLength(51);
    expect(differences.at(-1)).toBe('and 150 more');
  });
});

describe('compareWithManifest', () => {
  const manifest = { ...exampleManifest(), graphs: [graph] };

  it('is strict where counts are exact, of everything but samples, which no manifest has', () => {
    expect(compareWithManifest(manifest, contents({}, 'f'.repeat(64)))).toEqual([]);
    expect(compareWithManifest(manifest, contents({ nodes: 5 }))).toEqual(['graph g: 5 nodes, 1200 expected']);
    expect(compareWithManifest(manifest, contents({ indexes: [] }))).toHaveLength(2);
  });

  it('looks at whole graphs alone where they are not', () => {
    const inexact = { ...manifest, countsExact: false };
    expect(compareWithManifest(inexact, contents({ nodes: 5, labels: ['New'], indexes: [], constraints: [] }))).toEqual(
      [],
    );
    expect(compareWithManifest(inexact, { graphs: [], samples: {} })).toEqual(['graph g is missing']);
  });
});
