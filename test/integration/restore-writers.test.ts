import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { findManifest } from '../../core/catalog/catalog.ts';
import { parseBackupId } from '../../core/model/backup-id.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { backUp, dumpOf, manifestOf } from '../support/backups.ts';
import { loaded } from '../support/dumps.ts';
import { startLiveServer } from '../support/live-server.ts';
import { restoreInto } from '../support/restores.ts';
import { SOURCES } from '../support/slow-backups.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startWriters, writesOn } from '../support/writers.ts';

const ROUNDS = Number(process.env.TEST_ROUNDS ?? 2);
const LEAD_MS = 300;

/** Those of `wanted` that are in none of `places`. */
const missing = (wanted: Set<string>, ...places: Set<string>[]) =>
  [...wanted].filter((write) => !places.some((place) => place.has(write)));

test.each(SOURCES.flatMap((source) => ['no', 'yes'].map((appendonly) => ({ source, appendonly }))))(
  'every acknowledged write is in the safety backup or still there ($source, AOF: $appendonly)',
  async ({ source, appendonly }) => {
    await using folder = await temporaryFolder();
    const store = new FileStore(join(folder.path, 'store'));
    await using live = await startLiveServer({ config: { appendonly } });
    await live.graph('g', 'UNWIND range(1, 2000) AS i CREATE (:Node {id: i})');
    const { backupId } = manifestOf(await backUp(live, store));
    for (let round = 0; round < ROUNDS; round++) {
      const writers = startWriters(live.server.url, round);
      await delay(LEAD_MS);
      const { safetyBackupId } = await restoreInto(live, store, join(folder.path, 'state'), {
        reference: backupId,
        config: { source },
      });
      await delay(LEAD_MS);
      await writers.stop();
      const safety = parseBackupId(safetyBackupId ?? '');
      const manifest = safety && (await findManifest(store, safety));
      if (!manifest) throw new Error('no safety backup');
      const bytes = await dumpOf(store, manifest);
      const before = await loaded({ bytes }, ({ client }) => writesOn(client));
      const after = await writesOn(live.client);
      expect(missing(writers.acknowledged, before, after)).toEqual([]);
      expect([...writers.refused].filter((write) => before.has(write) || after.has(write))).toEqual([]);
      const ofThisRound = new Set([...before].filter((write) => write.includes(`r${round}:`)));
      expect(missing(ofThisRound, writers.acknowledged, writers.cutOff)).toEqual([]);
      expect(before.size).toBeGreaterThan(0);
      expect(after.size).toBeGreaterThan(0);
      expect(writers.refused.size).toBeGreaterThan(0);
    }
  },
);
