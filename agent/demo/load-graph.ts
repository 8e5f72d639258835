import type { Database } from '../falkordb/database.ts';
import { type DependencyEdge, type PackageNode, VECTOR_DIMENSION } from './dependency-graph.ts';

const BATCH = 500;

/** Writes the dependency graph under `graph`, with a range, a full-text and a vector index. */
export async function loadDependencyGraph(
  db: Database,
  graph: string,
  { packages, edges }: { packages: PackageNode[]; edges: DependencyEdge[] },
): Promise<void> {
  const query = (cypher: string) => db.call('GRAPH.QUERY', graph, cypher);
  await query('CREATE INDEX FOR (p:Package) ON (p.path)');
  for (const batch of batches(packages)) {
    await query(`UNWIND ${cypherList(batch)} AS row
      CREATE (:Package {path: row.path, name: row.name, version: row.version, dev: row.dev, vector: vecf32(row.vector)})`);
  }
  for (const batch of batches(edges)) {
    await query(`UNWIND ${cypherList(batch)} AS row
      MATCH (a:Package {path: row.from}), (b:Package {path: row.to}) CREATE (a)-[:DEPENDS_ON {range: row.range}]->(b)`);
  }
  await query("CALL db.idx.fulltext.createNodeIndex('Package', 'name')");
  await query(`CREATE VECTOR INDEX FOR (p:Package) ON (p.vector)
    OPTIONS {dimension: ${VECTOR_DIMENSION}, similarityFunction: 'cosine'}`);
}

function batches<T>(rows: T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => rows.slice(i * BATCH, (i + 1) * BATCH));
}

/** A Cypher literal: like JSON, but names of a map stand without quotes. */
function cypherList(rows: (PackageNode | DependencyEdge)[]): string {
  const maps = rows.map((row) => Object.entries(row).map(([name, value]) => `${name}: ${JSON.stringify(value)}`));
  return `[${maps.map((fields) => `{${fields.join(', ')}}`).join(', ')}]`;
}
