import type { GraphKind } from './graph-kind.ts';
import { parameters, random, randomInt, randomText, randomUuid, rows } from './random.ts';

const ACCOUNTS = 300;
const TRANSFERS = 3_000;

/** Few nodes, and many edges between them, which carry the data: ten properties each. */
export const relationsGraph: GraphKind = {
  name: 'relations',
  description: 'accounts and transfers between them, ten properties to an edge; range indexes on nodes and edges',
  batchBytes: 535_000,
  before: ['CREATE INDEX FOR (a:Account) ON (a.id)'],
  batch: (number, seed) => [
    `${parameters(number, seed)} UNWIND ${rows(ACCOUNTS)} AS i
    CREATE (a:Account {id: i, owner: ${randomText('i', 1, seed, 2)}, opened: 1500000000 + i})
    WITH collect(a) AS accounts
    UNWIND ${rows(TRANSFERS)} AS i
    WITH i, accounts[${randomInt('i', 2, seed, ACCOUNTS)}] AS a, accounts[${randomInt('i', 3, seed, ACCOUNTS)}] AS b
    CREATE (a)-[:TRANSFER {id: ${randomUuid('i', 4, seed)}, at: 1700000000 + i, amount: ${random('i', 5, seed)} * 10000,
      currency: 'EUR', channel: ['card', 'wire', 'app'][i % 3], reference: ${randomUuid('i', 6, seed)},
      note: ${randomText('i', 7, seed, 8)}, risk: ${random('i', 8, seed)}, country: ${randomText('i', 9, seed, 1)},
      device: ${randomUuid('i', 10, seed)}}]->(b)`,
  ],
  after: ['CREATE INDEX FOR ()-[t:TRANSFER]-() ON (t.id, t.at)'],
};
