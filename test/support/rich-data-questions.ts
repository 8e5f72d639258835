/** Names of the graphs of `fillRichData`. */
export const GRAPHS = {
  values: 'values',
  shapes: 'shapes',
  indexed: 'indexed',
  large: 'large',
  empty: 'empty graph',
  emptied: 'emptied',
  odd: 'odd, {name} "quoted" \'é\' [漢字] 🧬 \\ :%',
  elsewhere: 'graph of another database',
} as const;

/** Of each graph: what only works with its indexes, and with the UDF library. */
export const INDEX_QUESTIONS: Record<string, string[]> = {
  [GRAPHS.indexed]: [
    'MATCH (p:Person) WHERE p.age > 95 RETURN p.age ORDER BY p.age',
    "MATCH (p:Person {name: 'Person 7'}) RETURN p.age",
    'MATCH (p:Person) WHERE distance(p.home, point({latitude: 10, longitude: 20})) < 150000 RETURN p.age ORDER BY p.age',
    'MATCH ()-[k:KNOWS]->() WHERE k.since >= 2020 RETURN k.since ORDER BY k.since',
    "CALL db.idx.fulltext.queryNodes('Book', 'haus') YIELD node, score RETURN node.title, score ORDER BY node.title",
    "CALL db.idx.fulltext.queryNodes('Book', 'der') YIELD node RETURN node.title",
    "CALL db.idx.fulltext.queryNodes('Book', '%%hauz%%') YIELD node RETURN node.title ORDER BY node.title",
    "CALL db.idx.fulltext.queryRelationships('KNOWS', 'school') YIELD relationship AS r RETURN r.since ORDER BY r.since",
    "CALL db.idx.vector.queryNodes('Person', 'face', 3, vecf32([50, 1, 0.5, 0])) YIELD node, score RETURN node.age, score ORDER BY score",
    "CALL db.idx.vector.queryRelationships('KNOWS', 'mood', 2, vecf32([1, 0.1])) YIELD relationship AS r, score RETURN r.since, score ORDER BY score",
    "RETURN rich.double(21), rich.shout('heard')",
  ],
};
