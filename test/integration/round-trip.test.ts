import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, dumpOf, manifestOf } from '../support/backups.ts';
import { loaded } from '../support/dumps.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { fillRichData, type RichData, readRichData } from '../support/rich-data.ts';
import { GRAPHS, INDEX_QUESTIONS } from '../support/rich-data-questions.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

let live: LiveServer;
let folder: TemporaryFolder;
let store: FileStore;
let before: RichData;

beforeAll(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
  live = await startLiveServer();
  await fillRichData(live.client);
  before = await readRichData(live.client);
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test.each(['bgsave', 'replication'] as const)(
  'all that FalkorDB can hold comes back from a backup by %s',
  async (source) => {
    const bytes = await dumpOf(store, manifestOf(await backUp(live, store, { config: { source } })));
    // The save did split the large graph.
    expect(bytes.toString('latin1').split(`{${GRAPHS.large}}${GRAPHS.large}_`).length).toBeGreaterThan(2);
    await loaded({ bytes }, async (fresh) => {
      expect(await readRichData(fresh.client)).toEqual(before);
      for (const [violation, query] of VIOLATIONS) {
        await expect(fresh.graph(GRAPHS.indexed, query)).rejects.toThrow(violation);
      }
    });
    expect(await readRichData(live.client)).toEqual(before);
  },
);

const VIOLATIONS: [string, string][] = [
  ['unique constraint violation on node', "CREATE (:Person {name: 'Person 7', age: 7})"],
  ['mandatory constraint violation: node', 'CREATE (:Person {age: 1000})'],
  ['unique constraint violation, on edge', "CREATE (:Book)-[:KNOWS {since: 2000, note: ''}]->(:Book)"],
  ['mandatory constraint violation: edge', 'CREATE (:Book)-[:KNOWS {since: 1}]->(:Book)'],
];

test('the reading holds what was filled in', () => {
  const { graphs, keys } = before.databases['0'] ?? { graphs: {}, keys: {} };
  expect(Object.keys(before.databases)).toEqual(['0', '5']);
  const names = Object.values(GRAPHS).filter((name) => name !== GRAPHS.elsewhere);
  expect(Object.keys(graphs).toSorted()).toEqual(names.toSorted());
  expect(before.databases['5']?.graphs[GRAPHS.elsewhere]?.nodes).toHaveLength(2);

  const values = Object.assign({}, ...(graphs[GRAPHS.values]?.nodes ?? []).map((row) => (row as unknown[])[2]));
  expect(values).toMatchObject({
    largest: 'integer 9223372036854775807',
    least: 'integer -9223372036854775808',
    odd: 'integer 9007199254740993',
    huge: 'float 1.79769313486232e+308',
    subnormal: 'float 5.562684646268e-309',
    negativeZero: 'float -0',
    yes: 'boolean true',
    nothing: '',
    quotes: '\'"`\\',
    lines: 'a\nb\r\n\tc',
    number: '"integer 5"',
    wide: expect.stringContaining('🧬'),
    nested: [[], [['integer 1'], ['a', ['boolean true', ['float 2.5']]]]],
    times: ['date 1709164800', 'localtime -2208902401', 'localdatetime 1709210096', 'duration 86400'],
    place: 'point 32.0699996948242 34.7799987792969',
    vector: 'vector 0.10000000149011612 -2.5 3.0000000054977558e+38 1.401298464324817e-45 -0',
    negativeDuration: 'duration -31536000',
  });
  expect(values.long).toHaveLength(140_000);
  expect(graphs[GRAPHS.values]?.edges).toEqual([['integer 0', 'WITH', 'integer 16', 'integer 17', values]]);
  expect(graphs[GRAPHS.values]?.floatRests[0]).toContainEqual(['2', 'sum', '1', '0.3', 'float 5.55111512312578e-17']);

  expect(graphs[GRAPHS.shapes]?.nodes).toEqual(
    expect.arrayContaining([
      ['integer 0', [], {}],
      ['integer 2', ['A', 'B', 'C'], { name: 'several labels' }],
    ]),
  );
  expect(graphs[GRAPHS.large]?.nodes).toHaveLength(12);
  expect(graphs[GRAPHS.emptied]).toMatchObject({ nodes: [], labels: [['Gone']] });
  expect(graphs[GRAPHS.indexed]?.constraints).toHaveLength(4);
  expect(JSON.stringify(graphs[GRAPHS.indexed]?.indexes)).toMatch(
    /german.*"der","die".*options":"integer 12.*cosine.*euclidean/,
  );
  expect(Object.fromEntries(Object.entries(keys).map(([key, { type }]) => [key, type]))).toMatchObject({
    string: 'string',
    list: 'list',
    set: 'set',
    zset: 'zset',
    hash: 'hash',
    stream: 'stream',
    vectorset: 'vectorset',
    bitmap: 'string',
    'hyperloglog:dense': 'string',
  });
  expect(keys['hash:ending']?.value).toContainEqual(['ends', '2', '4102444800123']);
  expect(keys['stream:expiring']?.expiresAt).toBe('4102444800123');
  expect(JSON.stringify(keys.stream?.value)).toMatch(/"name","group".*"pending",\[\["1-1","busy".*"lazy"/);
  expect(JSON.stringify(before)).not.toContain('telemetry{');
});

test('the questions are answered by indexes, and not with nothing', () => {
  const answers = Object.values(before.databases['0']?.graphs ?? {}).flatMap((graph) => Object.entries(graph.answers));
  expect(answers).toHaveLength(Object.values(INDEX_QUESTIONS).flat().length);
  for (const [question, answer] of answers) {
    const { plan, rows } = answer as { plan: string[]; rows: unknown[] };
    const isByIndex = plan.some((line) => /By Index Scan|ProcedureCall/.test(line)) || question.includes('rich.double');
    expect(isByIndex, question).toBe(true);
    // `der` is a stop word.
    expect(rows.length > 0, question).toBe(!question.includes("'der'"));
  }
});

/** Where a reading differs after the change. */
const CHANGES: [string, (server: LiveServer) => Promise<unknown>][] = [
  ['0.graphs.values.floatRests', ({ graph }) => graph('values', 'MATCH (n) WHERE n.sum > 0 SET n.sum = 0.3')],
  ['0.graphs.values.nodes', ({ graph }) => graph('values', 'MATCH (n:Value) SET n.odd = n.odd + 1')],
  ['0.graphs.shapes.edges', ({ graph }) => graph('shapes', 'MATCH ()-[e:SELF {n: 2}]->() SET e.n = 3')],
  ['0.graphs.large.nodes', ({ graph }) => graph('large', "MATCH (n:Large {i: 77777}) SET n.text = 'node'")],
  ['0.graphs.indexed.indexes', ({ graph }) => graph('indexed', "CALL db.idx.fulltext.drop('Book')")],
  ['5.graphs.graph of another database.nodes', inDatabase5('GRAPH.QUERY', GRAPHS.elsewhere, 'CREATE ()')],
  ['0.keys.zset', ({ client }) => client.zadd('zset', '0.10000000000000002', 'tenth')],
  ['0.keys.list:expiring', ({ client }) => client.pexpireat('list:expiring', 4_102_444_800_124)],
  ['0.keys.hash:ending', ({ client }) => client.call('HPERSIST', 'hash:ending', 'FIELDS', '1', 'ends')],
  ['0.keys.stream', ({ client }) => client.xack('stream', 'group', '1-1')],
  ['0.keys.new', ({ client }) => client.set('new', '')],
  ['5.keys.bitmap', inDatabase5('SETBIT', 'bitmap', '100001', '0')],
];

function inDatabase5(command: string, ...args: string[]): (server: LiveServer) => Promise<unknown> {
  return ({ client }) =>
    client
      .multi()
      .select(5)
      .call(command, ...args)
      .select(0)
      .exec();
}

test('the reading shows small changes of each kind', async () => {
  const bytes = await dumpOf(store, manifestOf(await backUp(live, store)));
  const after = await loaded({ bytes }, async (fresh) => {
    for (const [, change] of CHANGES) await change(fresh);
    return readRichData(fresh.client);
  });
  expect(changed(before, after)).toEqual(expect.arrayContaining(CHANGES.map(([place]) => place)));
});

/** Graphs' parts and keys that are not the same. */
function changed(one: RichData, other: RichData): string[] {
  const [left, right] = [parts(one), parts(other)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((place) => left.get(place) !== right.get(place));
}

function parts({ databases }: RichData): Map<string, string> {
  const entries = Object.entries(databases).flatMap(([number, { graphs, keys }]) => [
    ...Object.entries(graphs).flatMap(([name, graph]) =>
      Object.entries(graph).map(([part, value]) => [`${number}.graphs.${name}.${part}`, value] as const),
    ),
    ...Object.entries(keys).map(([key, value]) => [`${number}.keys.${key}`, value] as const),
  ]);
  return new Map(entries.map(([place, value]) => [place, JSON.stringify(value)]));
}
