import type { GraphKind } from './graph-kind.ts';
import { parameters, randomInt, randomText, randomUuid, randomVector, rows } from './random.ts';

const EPISODES = 10;
const ENTITIES = 40;
const FACTS = 80;
const CHUNKS = 10;
/** Graphiti's default. */
const DIMENSION = 1024;

/**
 * What Graphiti writes (labels, properties and indexes of its graph_queries.py: none of vectors), and chunks of text
 * with a vector index, as GraphRAG makes them. Nearly all of it are embeddings.
 */
export const knowledgeGraph: GraphKind = {
  name: 'knowledge',
  description: `episodes, entities and facts as Graphiti writes them, chunks of text as GraphRAG does, with embeddings of ${DIMENSION} dimensions; range, full-text and vector indexes`,
  batchBytes: 590_000,
  before: [
    'CREATE INDEX FOR (n:Entity) ON (n.uuid, n.group_id, n.name, n.created_at)',
    'CREATE INDEX FOR (n:Episodic) ON (n.uuid, n.group_id, n.created_at, n.valid_at)',
    'CREATE INDEX FOR ()-[e:RELATES_TO]-() ON (e.uuid, e.group_id, e.name, e.created_at, e.expired_at, e.valid_at, e.invalid_at)',
    'CREATE INDEX FOR ()-[e:MENTIONS]-() ON (e.uuid, e.group_id)',
  ],
  batch: (number, seed) => {
    const begin = parameters(number, seed, `time='${batchTime(number)}'`);
    const group = `'group-' + i % 7`;
    const time = `'2026-11-22T02:30:' + i % 60`;
    const entities = `MATCH (n:Entity) WHERE n.created_at = $time WITH n ORDER BY n.name WITH collect(n) AS entities`;
    const entity = (salt: number) => `entities[${randomInt('i', salt, seed, ENTITIES)}]`;
    return [
      `${begin} UNWIND ${rows(ENTITIES)} AS i
        CREATE (:Entity {uuid: ${randomUuid('i', 1, seed)}, name: ${randomText('i', 2, seed, 2)} + i, group_id: ${group},
          summary: ${randomText('i', 3, seed, 30)}, created_at: $time,
          name_embedding: ${randomVector('i', 4, seed, DIMENSION)}})`,
      `${begin} ${entities} UNWIND ${rows(EPISODES)} AS i
        WITH i, ${entity(5)} AS a, ${entity(6)} AS b, ${entity(7)} AS c
        CREATE (e:Episodic {uuid: ${randomUuid('i', 8, seed)}, name: 'episode ' + i, group_id: ${group}, source: 'message',
          source_description: 'chat', content: ${randomText('i', 9, seed, 120)}, created_at: ${time}, valid_at: ${time}}),
          ${['a', 'b', 'c'].map((node, n) => `(e)-[:MENTIONS {uuid: ${randomUuid('i', 10 + n, seed)}, group_id: ${group}}]->(${node})`).join(', ')}`,
      `${begin} ${entities} UNWIND ${rows(FACTS)} AS i WITH i, ${entity(13)} AS a, ${entity(14)} AS b
        CREATE (a)-[:RELATES_TO {uuid: ${randomUuid('i', 15, seed)}, name: ${randomText('i', 16, seed, 1)},
          group_id: ${group}, fact: ${randomText('i', 17, seed, 15)}, created_at: ${time}, valid_at: ${time},
          fact_embedding: ${randomVector('i', 18, seed, DIMENSION)}}]->(b)`,
      `${begin} UNWIND ${rows(CHUNKS)} AS i
        CREATE (:Chunk {id: i, text: ${randomText('i', 19, seed, 150)}, embedding: ${randomVector('i', 20, seed, DIMENSION)}})`,
    ];
  },
  after: [
    'CREATE FULLTEXT INDEX FOR (e:Episodic) ON (e.content, e.source, e.source_description, e.group_id)',
    'CREATE FULLTEXT INDEX FOR (n:Entity) ON (n.name, n.summary, n.group_id)',
    'CREATE FULLTEXT INDEX FOR ()-[e:RELATES_TO]-() ON (e.name, e.fact, e.group_id)',
    `CREATE VECTOR INDEX FOR (c:Chunk) ON (c.embedding) OPTIONS {dimension: ${DIMENSION}, similarityFunction: 'cosine'}`,
  ],
};

/** When the entities of a batch were created: what finds them again, by an index. */
function batchTime(number: number): string {
  return new Date(Date.UTC(2026, 10, 22) + number * 1000).toISOString();
}
