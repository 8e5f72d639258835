import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf } from '../support/backups.ts';
import { type LiveServer, startLiveServer } from '../support/live-server.ts';
import { expectFree } from '../support/restore-environment.ts';
import { restoreInto } from '../support/restores.ts';
import { fillRichData, readRichData } from '../support/rich-data.ts';
import { GRAPHS } from '../support/rich-data-questions.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Other data under the same names, and some under others. */
async function fillOtherData({ client, graph }: LiveServer): Promise<void> {
  await client.call('GRAPH.UDF', 'LOAD', 'rich', "falkor.register('double', function (x) { return x * 3; });");
  await client.call('GRAPH.UDF', 'LOAD', 'other', "falkor.register('half', function (x) { return x / 2; });");
  await graph(GRAPHS.shapes, "CREATE (:A {name: 'another'})-[:SELF]->(:Other {id: 1})");
  await graph(GRAPHS.shapes, 'CREATE INDEX FOR (o:Other) ON (o.id)');
  await graph(GRAPHS.values, 'RETURN 1');
  await graph('only here', 'CREATE (:Here {at: localtime("01:02:03")})-[:TO]->(:There)');
  await client.mset({ string: 'another', 'only here too': 'yes' });
  await client.rpush('zset', 'a list, here');
  await client.set('hash', 'ends', 'PXAT', 4_102_444_800_000);
  await client.multi().select(7).set('of database 7', 'yes').select(0).exec();
}

async function telemetryOf(client: Redis, graph: string): Promise<string[]> {
  return (await client.xrange(`telemetry{${graph}}`, '-', '+')).map(([id]) => id);
}

test('all that FalkorDB can hold comes back by a restore, and so does what was there before', async () => {
  await using folder = await temporaryFolder();
  const store = new FileStore(join(folder.path, 'store'));
  const state = join(folder.path, 'state');
  await using source = await startLiveServer();
  await fillRichData(source.client);
  const fresh = await readRichData(source.client);
  const telemetry = await telemetryOf(source.client, GRAPHS.indexed);
  const { backupId } = manifestOf(await backUp(source, store, { config: { target: 'source' } }));

  await using live = await startLiveServer();
  await fillOtherData(live);
  const old = await readRichData(live.client);
  const there = await restoreInto(live, store, state, { reference: backupId });
  expect(await readRichData(live.client)).toEqual(fresh);
  // FalkorDB adds to it what is asked of the graph.
  expect(telemetry.length).toBeGreaterThan(0);
  expect(await telemetryOf(live.client, GRAPHS.indexed)).toEqual(expect.arrayContaining(telemetry));
  await expectFree(live, state);

  const back = await restoreInto(live, store, state, { reference: there.safetyBackupId ?? '' });
  expect(await readRichData(live.client)).toEqual(old);
  await expectFree(live, state);

  await restoreInto(live, store, state, { reference: back.safetyBackupId ?? '' });
  expect(await readRichData(live.client)).toEqual(fresh);
});
