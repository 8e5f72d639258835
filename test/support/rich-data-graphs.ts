import type { Redis } from 'ioredis';
import { untilBuilt } from './rich-data-graph-reading.ts';
import { GRAPHS } from './rich-data-questions.ts';
import { plainRows } from './rich-data-values.ts';

type Query = (graph: string, cypher: string) => Promise<unknown>;

const LARGE_NODES = 120_000;

/** Every kind of property value, shape of graph, index and constraint that FalkorDB 4.16.3 knows. */
export async function fillGraphs(client: Redis): Promise<void> {
  const query: Query = (graph, cypher) => client.call('GRAPH.QUERY', graph, cypher);
  for (const properties of VALUES) await query(GRAPHS.values, `CREATE (:Value {${properties}})`);
  await query(GRAPHS.values, `CREATE (:From)-[:WITH {${VALUES.join(', ')}}]->(:To)`);
  for (const statement of SHAPES) await query(GRAPHS.shapes, statement);
  for (const statement of INDEXES) await query(GRAPHS.indexed, statement);
  await untilIndexed(client, GRAPHS.indexed);
  for (const statement of INDEXED) await query(GRAPHS.indexed, statement);
  for (const constraint of CONSTRAINTS) await client.call('GRAPH.CONSTRAINT', 'CREATE', GRAPHS.indexed, ...constraint);
  await query(GRAPHS.empty, 'RETURN 1');
  await query(GRAPHS.emptied, 'CREATE (:Gone {a: 1})-[:GONE {b: 2}]->(:Gone)');
  await query(GRAPHS.emptied, 'MATCH (n) DELETE n');
  await query(GRAPHS.odd, 'CREATE (:`La"bel, {with: [odd]} é漢` {`pro"perty \'é\'`: 1})-[:`ty"pe 漢`]->(:`` {``: 2})');
  await client.select(5);
  await query(GRAPHS.elsewhere, 'CREATE (:Elsewhere {a: 1})-[:NEAR]->(:Elsewhere)');
  await client.select(0);
  await fillLarge(client, query);
}

/** What is written while an index is being built may be indexed twice, which its scores and nearest neighbours show. */
function untilIndexed(client: Redis, graph: string): Promise<void> {
  return untilBuilt(async (query) => plainRows(await client.call('GRAPH.RO_QUERY', graph, query, '--compact')));
}

/* A map, an array with null, infinite or smaller literals and a NUL in a string are refused by this version. */
const VALUES = [
  'largest: 9223372036854775807, least: -9223372036854775808, odd: 9007199254740993, zero: 0',
  'huge: 1.7976931348623157e308, negativeHuge: -1.7976931348623157e308, tiny: 2.2250738585072014e-308',
  'subnormal: 2.2250738585072014e-308 / 4, negativeZero: -0.0, sum: 0.1 + 0.2, third: 1.0 / 3, whole: 5.0',
  'infinite: 1.0 / 0.0, negativeInfinite: -1.0 / 0.0, notANumber: 0.0 / 0.0',
  'yes: true, no: false',
  `nothing: '', blank: ' ', quotes: '\\'"\`\\\\', lines: 'a\nb\r\n\tc', escape: '\\\\u0000', number: 'integer 5'`,
  `wide: '🧬\u{10FFFF}漢é\u0301\u200b\u202e', control: '\u0001\u007f', long: '${'long 漢 '.repeat(20_000)}'`,
  `none: [], nested: [[], [[1], ['a', [true, [2.5]]]]], mixed: [1, -0.0, 'a', false, 9223372036854775807, '']`,
  `times: [date('2024-02-29'), localtime('23:59:59'), localdatetime('2024-02-29T12:34:56'), duration('P1D')]`,
  'places: [point({latitude: 1.5, longitude: -2.5}), vecf32([1, 2])], numbers: range(1, 1000)',
  'place: point({latitude: 32.07, longitude: 34.78}), pole: point({latitude: -90, longitude: 180})',
  'vector: vecf32([0.1, -2.5, 3e38, 1e-45, -0.0]), noVector: vecf32([])',
  "date: date('2024-02-29'), firstDate: date('0001-01-01'), lastDate: date('9999-12-31')",
  "time: localtime('23:59:59'), midnight: localtime('00:00:00')",
  "moment: localdatetime('2024-02-29T12:34:56'), early: localdatetime('1900-01-01T00:00:00')",
  "duration: duration('P1Y2M3DT4H5M6S'), negativeDuration: duration('P-1Y')",
];

const SHAPES = [
  "CREATE (), ({unlabelled: true}), (:A:B:C {name: 'several labels'}), (:A), (:B:A)",
  'UNWIND range(1, 30) AS i CREATE (:Gap {i: i})-[:BRIDGE {i: i}]->(:Gap {i: -i})',
  'MATCH (n:Gap) WHERE n.i % 7 = 3 DELETE n',
  'MATCH ()-[e:BRIDGE]->() WHERE e.i % 5 = 0 DELETE e',
  // Takes ids that were freed.
  "CREATE (:Gap {i: 'reused'})",
  'MATCH (a:C) CREATE (a)-[:SELF {n: 1}]->(a), (a)-[:SELF {n: 2}]->(a), (a)-[:OTHER]->(a)',
  "CREATE (a:Pair {n: 1}), (b:Pair {n: 2}), (a)-[:TIE {n: 1}]->(b), (a)-[:TIE {n: 2}]->(b), (a)-[:TIE]->(b), (b)-[:TIE]->(a), (a)-[:KNOT {text: 'x'}]->(b)",
  "CREATE (n:Changed {was: 1, kept: 2, text: 'before'})",
  "MATCH (n:Changed) SET n.was = NULL, n.text = 'after', n:Added REMOVE n:Changed",
];

const INDEXES = [
  'CREATE INDEX FOR (p:Person) ON (p.name, p.age)',
  'CREATE INDEX FOR (p:Person) ON (p.home)',
  'CREATE INDEX FOR ()-[k:KNOWS]-() ON (k.since)',
  "CREATE VECTOR INDEX FOR (p:Person) ON (p.face) OPTIONS {dimension: 4, similarityFunction: 'euclidean', M: 32, efConstruction: 400, efRuntime: 20}",
  "CREATE VECTOR INDEX FOR ()-[k:KNOWS]-() ON (k.mood) OPTIONS {dimension: 2, similarityFunction: 'cosine'}",
  "CALL db.idx.fulltext.createNodeIndex({label: 'Book', language: 'german', stopwords: ['der', 'die']}, 'title', {field: 'body', weight: 2.0, nostem: true, phonetic: 'dm:en'})",
  'CREATE FULLTEXT INDEX FOR ()-[k:KNOWS]-() ON (k.note)',
];

const INDEXED = [
  `UNWIND range(1, 100) AS i CREATE (:Person {name: 'Person ' + i, age: i,
    home: point({latitude: 10 + i / 50.0, longitude: 20}), face: vecf32([i, 1, 0.5, -i])})`,
  `MATCH (a:Person), (b:Person) WHERE b.age = a.age + 1
    CREATE (a)-[:KNOWS {since: 1930 + a.age, note: CASE a.age % 10 WHEN 0 THEN 'from school' ELSE 'work' END,
      mood: vecf32([a.age, 100 - a.age])}]->(b)`,
  "CREATE (:Book {title: 'die Häuser', body: 'running'}), (:Book {title: 'der Mann'}), (:Book {title: 'ein Haus', body: 'haus'})",
  'MATCH (p:Person {age: 50}) DELETE p',
];

const CONSTRAINTS: string[][] = [
  ['UNIQUE', 'NODE', 'Person', 'PROPERTIES', '2', 'name', 'age'],
  ['MANDATORY', 'NODE', 'Person', 'PROPERTIES', '1', 'name'],
  ['UNIQUE', 'RELATIONSHIP', 'KNOWS', 'PROPERTIES', '1', 'since'],
  ['MANDATORY', 'RELATIONSHIP', 'KNOWS', 'PROPERTIES', '1', 'note'],
];

/** A save splits nodes, edges and deleted ones of a graph into virtual keys of 100,000 entities. */
async function fillLarge(client: Redis, query: Query): Promise<void> {
  const [first, half] = ['UNWIND range(0, ', LARGE_NODES / 2];
  await query(GRAPHS.large, 'CREATE INDEX FOR (n:Large) ON (n.i)');
  await untilIndexed(client, GRAPHS.large);
  await query(
    GRAPHS.large,
    `${first}${LARGE_NODES - 1}) AS i CREATE (:Large {i: i, half: i * 0.5, text: 'node ' + i})`,
  );
  await query(
    GRAPHS.large,
    `${first}${half - 1}) AS i MATCH (a:Large {i: i}), (b:Large {i: i + ${half}})
     CREATE (a)-[:NEXT {i: i}]->(b), (b)-[:BACK]->(a)`,
  );
  await query(GRAPHS.large, 'MATCH (n:Large) WHERE n.i % 1000 = 500 DELETE n');
}
