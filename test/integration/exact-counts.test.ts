import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Manifest } from '../../core/model/manifest.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, dumpOf, manifestOf } from '../support/backups.ts';
import { loaded } from '../support/dumps.ts';
import { openFarLink } from '../support/far-link.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const BACKUPS = 8;

let folder: TemporaryFolder;
let store: FileStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new FileStore(folder.path);
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Adds nodes, edges, labels and whole graphs in turn until it goes out of scope, `pauseMs` apart. */
function startWriter({ graph }: LiveServer, pauseMs: number): AsyncDisposable & { writes: () => number } {
  const stop = new AbortController();
  let writes = 0;
  const write = async () => {
    while (!stop.signal.aborted) {
      writes += 1;
      if (writes % 10 === 0) await graph(`new${writes}`, 'RETURN 1');
      else await graph(`g${writes % 3}`, `CREATE (:Label${writes % 7} {i: ${writes}})-[:TYPE${writes % 5}]->()`);
      await setTimeout(pauseMs);
    }
  };
  const done = write();
  return {
    writes: () => writes,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

const counted = (graphs: Manifest['graphs']) => Object.fromEntries(graphs.map(({ name, nodes }) => [name, nodes]));

async function held(manifest: Manifest): Promise<Record<string, number>> {
  return loaded({ bytes: await dumpOf(store, manifest) }, (fresh) => fresh.nodeCounts());
}

async function backUpWhileWriting(pauseMs: number, source: 'bgsave' | 'replication'): Promise<Manifest[]> {
  await using live = await startLiveServer();
  for (let i = 0; i < 3; i++) await live.graph(`g${i}`, 'CREATE (:Node)');
  const manifests: Manifest[] = [];
  {
    await using writer = startWriter(live, pauseMs);
    for (let i = 0; i < BACKUPS; i++) manifests.push(manifestOf(await backUp(live, store, { config: { source } })));
    expect(writer.writes()).toBeGreaterThan(BACKUPS);
  }
  return manifests;
}

test.each([
  ['bgsave', 1],
  ['bgsave', 20],
  ['replication', 100],
] as const)(
  'by %s, counts called exact are those of the dump, while a writer writes each %d ms',
  async (source, pause) => {
    for (const manifest of await backUpWhileWriting(pause, source)) {
      if (manifest.countsExact) expect(counted(manifest.graphs)).toEqual(await held(manifest));
    }
  },
);

test('at a moderate rate of writes some are exact', async () => {
  const manifests = await backUpWhileWriting(100, 'bgsave');
  const exact = manifests.filter(({ countsExact }) => countsExact);
  // All but one or two, on an idle machine.
  expect(exact.length).toBeGreaterThan(0);
  for (const manifest of exact) expect(counted(manifest.graphs)).toEqual(await held(manifest));
});

test('they are exact where the save is over before its answer has come', async () => {
  await using live = await startLiveServer();
  await live.graph('g', 'CREATE (:Node)');
  // The server sees that its child has ended within 100 ms.
  await using link = await openFarLink(live.address.port, 250);
  const far = { address: { ...live.address, port: link.port } };
  expect(manifestOf(await backUp(far, store, { config: { source: 'bgsave' } }))).toMatchObject({ countsExact: true });
});
