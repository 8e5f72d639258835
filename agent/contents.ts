import type { GraphSummary, Manifest } from '../core/model/manifest.ts';
import type { Contents } from '../core/model/verification.ts';
import type { Database } from './falkordb/database.ts';
import { takeInventory } from './falkordb/inventory.ts';
import { sampleDigest } from './falkordb/sample.ts';

/** More would only be noise. */
const MAX_DIFFERENCES = 50;

export interface ContentsOptions {
  /** Graphs looked at, of all; each is looked at twice. */
  onProgress: (done: number, total: number) => void;
  signal: AbortSignal;
}

/**
 * What a server holds: exact counts, and a sample of each graph. Only reads, so a read-only replica answers too. Where
 * writes go on, it is of no one moment.
 * @throws database-*; `signal`'s reason
 */
export async function readContents(db: Database, { onProgress, signal }: ContentsOptions): Promise<Contents> {
  const inventory = await takeInventory(db, { onProgress: (done, total) => onProgress(done, 2 * total), signal });
  const graphs: GraphSummary[] = [];
  const samples: [string, string][] = [];
  for (const [index, graph] of inventory.entries()) {
    signal.throwIfAborted();
    const digest = await sampleDigest(db, graph.name, graph.nodes);
    // Else it was deleted meanwhile.
    if (digest !== undefined) {
      graphs.push(graph);
      samples.push([graph.name, digest]);
    }
    onProgress(inventory.length + index + 1, 2 * inventory.length);
  }
  return { graphs, samples: Object.fromEntries(samples) };
}

/**
 * What is there and was not expected, and the other way round: a sentence each, none where all is the same. Whether an
 * index is built yet is not compared. Neither are constraints that are pending or failed where they are expected: no
 * dump holds them.
 */
export function compareContents(expected: Contents, actual: Contents): string[] {
  const found = byName(actual.graphs);
  const differences = [
    ...compareNames(expected.graphs, actual.graphs),
    ...expected.graphs.flatMap((graph) => {
      const other = found.get(graph.name);
      if (!other) return [];
      const structure = compareGraphs(graph, other);
      const isSame = structure.length > 0 || expected.samples[graph.name] === actual.samples[graph.name];
      const sentences = isSame ? structure : ['its sampled nodes and edges are not the expected ones'];
      return sentences.map((sentence) => `graph ${graph.name}: ${sentence}`);
    }),
  ];
  const more = differences.length - MAX_DIFFERENCES;
  return more > 0 ? [...differences.slice(0, MAX_DIFFERENCES), `and ${more} more`] : differences;
}

/**
 * All of what the manifest says of the graphs where its counts are exact. Where writes went on while they were counted,
 * only whole graphs are compared, and even those may have been created or deleted just then: such a difference is a
 * hint, and the counts of what was loaded are the ones that count.
 */
export function compareWithManifest({ graphs, countsExact }: Manifest, actual: Contents): string[] {
  if (!countsExact) return compareNames(graphs, actual.graphs);
  return compareContents({ graphs, samples: actual.samples }, actual);
}

function compareNames(expected: GraphSummary[], actual: GraphSummary[]): string[] {
  return differ(
    expected.map(({ name }) => `graph ${name}`),
    actual.map(({ name }) => `graph ${name}`),
  );
}

function compareGraphs(expected: GraphSummary, actual: GraphSummary): string[] {
  const count = (what: 'nodes' | 'edges') =>
    actual[what] === expected[what] ? [] : [`${actual[what]} ${what}, ${expected[what]} expected`];
  const named = (what: string, names: string[]) => names.map((name) => `${what} ${name}`);
  return [
    ...count('nodes'),
    ...count('edges'),
    ...differ(named('label', expected.labels), named('label', actual.labels)),
    ...differ(
      named('relationship type', expected.relationshipTypes),
      named('relationship type', actual.relationshipTypes),
    ),
    ...differ(expected.indexes.map(describeIndex), actual.indexes.map(describeIndex)),
    ...compareConstraints(expected.constraints, actual.constraints),
  ];
}

type Constraint = GraphSummary['constraints'][number];

function compareConstraints(expected: Constraint[], actual: Constraint[]): string[] {
  const operational = expected.filter(({ status }) => status === OPERATIONAL);
  const known = new Set(expected.map(describeConstraint));
  const found = new Map(actual.map((constraint) => [describeConstraint(constraint), constraint.status]));
  return [
    ...operational.flatMap((constraint) => {
      const name = describeConstraint(constraint);
      const status = found.get(name);
      if (status === undefined) return [`${name} is missing`];
      return status === OPERATIONAL ? [] : [`${name} is ${status}, ${OPERATIONAL} expected`];
    }),
    ...[...found.keys()].flatMap((name) => (known.has(name) ? [] : [`${name} was not expected`])),
  ];
}

const OPERATIONAL = 'OPERATIONAL';

function differ(expected: string[], actual: string[]): string[] {
  const [wanted, found] = [new Set(expected), new Set(actual)];
  return [
    ...expected.filter((name) => !found.has(name)).map((name) => `${name} is missing`),
    ...actual.filter((name) => !wanted.has(name)).map((name) => `${name} was not expected`),
  ];
}

function describeIndex({ entity, label, properties }: GraphSummary['indexes'][number]): string {
  const kinds = Object.entries(properties)
    .map(([name, types]) => `${name} ${types.toSorted().join('+')}`)
    .sort();
  return `index on ${entity} ${label} (${kinds.join(', ')})`;
}

function describeConstraint({ type, entity, label, properties }: Constraint): string {
  return `${type.toLowerCase()} constraint on ${entity} ${label} (${properties.toSorted().join(', ')})`;
}

function byName(graphs: GraphSummary[]): Map<string, GraphSummary> {
  return new Map(graphs.map((graph) => [graph.name, graph]));
}
