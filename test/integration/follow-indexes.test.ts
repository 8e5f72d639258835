import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { execute } from '../../agent/execute.ts';
import { Database } from '../../agent/falkordb/database.ts';
import { takeInventory } from '../../agent/falkordb/inventory.ts';
import { followIndexes } from '../../agent/restore/follow-indexes.ts';
import { encodeRequest } from '../../core/model/request.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, manifestOf, TARGET } from '../support/backups.ts';
import { startLiveServer } from '../support/live-server.ts';
import { restoreDeps, restoreInto } from '../support/restores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RUN_MS = 600_000;
/** That of the run, and the margin; a command has 300 s more than its run. */
const COMMAND_MS = 660_000;

afterEach(() => {
  vi.restoreAllMocks();
});

test('indexes are followed no longer than one has patience, and those that are still being built are listed', async () => {
  await using folder = await temporaryFolder();
  await using live = await startLiveServer();
  const deps = restoreDeps(live, new FileStore(folder.path), folder.path);
  await live.graph('small', 'CREATE INDEX FOR (n:Node) ON (n.i)');
  await live.graph('large', "UNWIND range(1, 400000) AS i CREATE (:Node {i: i, s: 'text' + i})");
  await live.graph('large', 'CREATE INDEX FOR (n:Node) ON (n.i, n.s)');
  using db = await Database.connect(live.address);
  const graphs = await takeInventory(db, { onProgress: () => {}, signal: deps.signal });
  expect(await followIndexes(graphs, AbortSignal.abort(new Error('too late')), deps)).toEqual(['large: Node']);
  expect(await followIndexes(graphs, deps.signal, deps)).toEqual([]);
});

/** FalkorDB 4.16.3 builds them while it loads, so that no restore here has any to follow: the clock that it sets is seen. */
test('a command has one patience from its beginning, a person begins a new one once the restore is done', async () => {
  await using folder = await temporaryFolder();
  await using live = await startLiveServer();
  const [store, state] = [new FileStore(join(folder.path, 'store')), join(folder.path, 'state')];
  const config = { timeoutSeconds: RUN_MS / 1000 };
  const { backupId: backup } = manifestOf(await backUp(live, store));
  const clock = vi.spyOn(AbortSignal, 'timeout');
  const clocks = () => clock.mock.calls.splice(0).flatMap(([ms]) => (ms < RUN_MS ? [] : [ms]));
  const options = ['unproven' as const, 'no-safety-backup' as const];
  const words = encodeRequest({ action: 'restore', target: TARGET, runId: '20261122T102000Z-a', backup, options });
  await execute(
    Object.entries(words).map(([name, value]) => `${name}=${value}`),
    restoreDeps(live, store, state, { config }),
  );
  // The other two: planning, and whatever comes after the backup was sent.
  expect(clocks()).toEqual([COMMAND_MS, RUN_MS, RUN_MS]);
  await restoreInto(live, store, state, { config, request: { unproven: true, withSafetyBackup: false } });
  expect(clocks()).toEqual([RUN_MS, RUN_MS]);
});
