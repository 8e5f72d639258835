import type { GraphKind } from './graph-kind.ts';
import { parameters, random, randomInt, randomText, rows } from './random.ts';

const PEOPLE = 2_000;
const PRODUCTS = 500;
const FRIENDSHIPS = 6_000;
/** Of each product. */
const BUYERS = 8;

/** People who know each other and buy things: short values, many small nodes and edges. */
export const propertyGraph: GraphKind = {
  name: 'property',
  description: 'people, products, who knows whom and bought what; range and full-text indexes',
  batchBytes: 535_000,
  before: ['CREATE INDEX FOR (p:Person) ON (p.id)', 'CREATE INDEX FOR (p:Product) ON (p.id)'],
  batch: (number, seed) => {
    const begin = parameters(number, seed, `from=${number * PEOPLE} to=${(number + 1) * PEOPLE}`);
    const people = `MATCH (p:Person) WHERE p.id >= $from AND p.id < $to
      WITH p ORDER BY p.id WITH collect(p) AS people`;
    const person = (salt: number) => `people[${randomInt('i', salt, seed, PEOPLE)}]`;
    const buyers = Array.from({ length: BUYERS }, (_, buyer) => `${person(20 + buyer)} AS b${buyer}`);
    const purchases = Array.from(
      { length: BUYERS },
      (_, b) =>
        `(b${b})-[:BOUGHT {at: 1700000000 + i, amount: ${1 + (b % 5)}, rating: ${random('i', 40 + b, seed)}}]->(q)`,
    );
    return [
      `${begin} UNWIND ${rows(PEOPLE)} AS i
        CREATE (:Person {id: i, name: ${randomText('i', 1, seed, 2)}, email: 'person' + i + '@example.com',
          born: 1940 + ${randomInt('i', 2, seed, 70)}, city: ${randomText('i', 3, seed, 1)}, active: i % 3 = 0,
          score: ${random('i', 4, seed)}, bio: ${randomText('i', 5, seed, 12)}})`,
      `${begin} ${people} UNWIND ${rows(FRIENDSHIPS)} AS i WITH i, ${person(9)} AS a, ${person(10)} AS b
        CREATE (a)-[:KNOWS {since: 1960 + i % 60, weight: ${random('i', 11, seed)}}]->(b)`,
      `${begin} ${people} UNWIND ${rows(PRODUCTS)} AS i WITH i, ${buyers.join(', ')}
        CREATE (q:Product {id: i, sku: 'sku-' + i, title: ${randomText('i', 6, seed, 5)},
          price: ${random('i', 7, seed)} * 100, stock: ${randomInt('i', 8, seed, 1000)}}), ${purchases.join(', ')}`,
    ];
  },
  after: [
    'CREATE INDEX FOR (p:Person) ON (p.email, p.city)',
    'CREATE FULLTEXT INDEX FOR (p:Person) ON (p.bio)',
    'CREATE INDEX FOR ()-[b:BOUGHT]-() ON (b.at)',
  ],
  load: {
    read: (next, batches) => {
      const id = Math.floor(next() * batches * PEOPLE);
      return next() < 0.8
        ? `CYPHER id=${id} MATCH (p:Person {id: $id})-[:KNOWS]->(f) RETURN f.name, f.score LIMIT 10`
        : `CYPHER id=${id} MATCH (p:Person {id: $id})-[:KNOWS]->()-[:BOUGHT]->(q) RETURN q.title, count(q) LIMIT 10`;
    },
    write: (next, batches) => {
      const id = Math.floor(next() * batches * PEOPLE);
      const product = Math.floor(next() * batches * PRODUCTS);
      return next() < 0.8
        ? `CYPHER id=${id} score=${next()} MATCH (p:Person {id: $id}) SET p.score = $score`
        : `CYPHER id=${id} product=${product} MATCH (p:Person {id: $id}), (q:Product {id: $product})
           CREATE (p)-[:BOUGHT {at: 1800000000, amount: 1, rating: 0.5}]->(q)`;
    },
  },
};
