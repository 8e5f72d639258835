import { expect, test } from 'vitest';
import { Database } from '../../agent/falkordb/database.ts';
import { untilIndexed } from '../../agent/falkordb/index-readiness.ts';
import { takeInventory } from '../../agent/falkordb/inventory.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';

const { signal } = new AbortController();

async function createGraphWithIndexUnderConstruction(live: LiveServer): Promise<void> {
  await live.graph('small', 'CREATE (:Node {i: 1})');
  await live.graph('small', 'CREATE INDEX FOR (n:Node) ON (n.i)');
  await live.graph('large', "UNWIND range(1, 400000) AS i CREATE (:Node {i: i, s: 'text' + i})");
  await live.graph('large', 'CREATE INDEX FOR (n:Node) ON (n.i, n.s)');
}

const statuses = async (db: Database) =>
  (await takeInventory(db, { onProgress: () => {}, signal })).flatMap(({ indexes }) =>
    indexes.map(({ status }) => status),
  );

test('waits until the indexes of all graphs are built', async () => {
  await using live = await startLiveServer();
  using db = await Database.connect(live.address);
  await createGraphWithIndexUnderConstruction(live);
  expect((await statuses(db)).some((status) => status !== 'OPERATIONAL')).toBe(true);
  const seen: [number, number][] = [];
  await untilIndexed(db, { onProgress: (...progress) => seen.push(progress), signal });
  expect(await statuses(db)).toEqual(['OPERATIONAL', 'OPERATIONAL']);
  expect(seen.some(([done, total]) => done < total)).toBe(true);
  expect(seen.at(-1)).toEqual([2, 2]);
}, 60_000);

test('is stopped by its signal', async () => {
  await using live = await startLiveServer();
  using db = await Database.connect(live.address);
  await createGraphWithIndexUnderConstruction(live);
  const stop = new AbortController();
  const waiting = untilIndexed(db, { onProgress: (done, total) => done < total && stop.abort(), signal: stop.signal });
  await expect(waiting).rejects.toThrow(/abort/i);
}, 60_000);
