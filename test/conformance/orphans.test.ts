import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findOrphans } from '../../core/catalog/orphans.ts';
import type { BackupIdParts } from '../../core/model/backup-id.ts';
import { backupPrefix, dumpKey, manifestKey, runKey, stateKey } from '../../core/model/keys.ts';
import { encodeManifest } from '../../core/model/manifest.ts';
import { encodeTombstone, newTombstone } from '../../core/model/tombstone.ts';
import { FileStore } from '../../core/store/file-store.ts';
import { exampleManifest } from '../support/example-manifest.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { text } from './object-helpers.ts';
import { orphansConformance } from './orphans.ts';

orphansConformance('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orphans-'));
  return {
    store: new FileStore(folder),
    openAnother: () => new FileStore(folder),
    leaveUpload: async () => {
      await mkdir(join(folder, '.tmp'), { recursive: true });
      await writeFile(join(folder, '.tmp', `${crypto.randomUUID()}.upload`), 'half of a du');
    },
    knowsUploadKeys: false,
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
});

orphansConformance('the memory of the tests', async () => {
  const store = new MemoryStore();
  return {
    store,
    openAnother: () => store.another(),
    leaveUpload: async (key) => store.leaveUpload(key),
    knowsUploadKeys: true,
    cleanUp: async () => {},
  };
});

describe('orphans of any store', () => {
  it('are all that has ended or is old, and that no manifest can claim; and nothing else', async () => {
    let found = 0;
    let spent = 0;
    await fc.assert(
      fc.asyncProperty(stores, async (described) => {
        const { store, things } = build(described);
        const orphans = await findOrphans(store, TARGET, NOW);
        const isDead = ({ ageHours, runId }: Thing) =>
          ageHours > 72 || (runId !== undefined && described.verdicts.includes(runId));
        /** Beside attempts of which none may come back. */
        const isForsaken = ({ folder, isSidecar }: Thing) => {
          const beside = things.filter((thing) => thing.folder === folder && thing.kind !== 'upload');
          const attempts = beside.filter(({ runId }) => runId !== undefined);
          const isEntombed = beside.some(({ kind }) => kind === 'tombstone');
          return isSidecar && (attempts.length > 0 || isEntombed) && attempts.every(isDead);
        };
        const expected = things.filter(
          (thing) => thing.target === TARGET && !thing.isClaimed && (isDead(thing) || isForsaken(thing)),
        );
        const isAlone = ({ folder }: Thing) =>
          !things.some((thing) => thing.folder === folder && thing.kind === 'object');
        const keysOf = (kind: Thing['kind']) => expected.filter((thing) => thing.kind === kind).map(({ key }) => key);
        const tombstones = expected.filter((thing) => thing.kind === 'tombstone' && isAlone(thing));
        expect(orphans.objects.map(({ key }) => key).toSorted()).toEqual(keysOf('object').toSorted());
        expect(orphans.uploads.map(({ key }) => key).toSorted()).toEqual(keysOf('upload').toSorted());
        expect(orphans.tombstones.map(({ key }) => key).toSorted()).toEqual(
          tombstones.map(({ key }) => key).toSorted(),
        );
        found += expected.length;
        spent += tombstones.length;
      }),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(300);
    expect(spent).toBeGreaterThan(10);
  });
});

const TARGET = 'shop';
const NOW = new Date('2026-11-30T00:00:00Z');
const HOUR_MS = 3600 * 1000;
const RUNS = ['20261122T023000Z-a', '20261122T023000Z-a-b', '20261122T023000Z-c'];
const ATTEMPTS = RUNS.flatMap((runId) => ['00000000', 'ffffffff'].map((attempt) => ({ runId, attempt })));

const ageHours = fc.oneof(fc.integer({ min: 0, max: 71 }), fc.integer({ min: 73, max: 99_999 }));
const attemptIndex = fc.nat(ATTEMPTS.length - 1);
const attempts = fc.uniqueArray(fc.record({ index: attemptIndex, dumpAge: ageHours, stateAge: fc.option(ageHours) }), {
  selector: ({ index }) => index,
  maxLength: 4,
});
const stores = fc.record({
  /** One a scheduled time. */
  backups: fc.array(
    fc.record({
      target: fc.constantFrom(TARGET, TARGET, `${TARGET}-2`),
      tier: fc.constantFrom('daily', 'manual', 'pre-restore'),
      manifest: fc.option(
        fc.record({ isReadable: fc.boolean(), ageHours, dump: attemptIndex, state: fc.option(attemptIndex) }),
        { freq: 2 },
      ),
      attempts,
      uploads: fc.array(fc.record({ index: attemptIndex, ageHours }), { maxLength: 2 }),
      sidecarAge: fc.option(ageHours, { freq: 1 }),
      /** Of one that lies where there is no manifest. */
      tombstoneAge: fc.option(ageHours),
    }),
    { maxLength: 6 },
  ),
  /** Of the runs of the target. */
  verdicts: fc.subarray(RUNS),
});
type Described = typeof stores extends fc.Arbitrary<infer T> ? T : never;

interface Thing {
  kind: 'object' | 'upload' | 'tombstone';
  key: string;
  target: string;
  runId: string | undefined;
  ageHours: number;
  /** Its backup, whether that exists or not. */
  folder: string;
  isSidecar: boolean;
  /** By a manifest, which may be one that cannot be read. */
  isClaimed: boolean;
}

function build({ backups, verdicts }: Described): { store: MemoryStore; things: Thing[] } {
  const store = new MemoryStore();
  const things: Thing[] = [];
  for (const runId of verdicts) store.overwrite(runKey(TARGET, runId, 'verdict-1'), text('{}'));
  for (const [index, backup] of backups.entries()) {
    const { target, tier, manifest, uploads } = backup;
    const parts: BackupIdParts = { target, tier, scheduledFor: new Date(Date.UTC(2026, 10, 22, index)) };
    const add = (key: string, ageHours: number, isClaimed: boolean, runId?: string, content = text('x')) => {
      store.overwrite(key, content, before(ageHours));
      const isSidecar = runId === undefined && !isClaimed;
      things.push({ kind: 'object', key, target, runId, ageHours, isClaimed, folder: backupPrefix(parts), isSidecar });
    };
    const claimed = manifest ? [manifest.dump, manifest.state ?? manifest.dump] : [];
    // What a manifest names is there, and listed once.
    const stored = [...backup.attempts];
    for (const claim of new Set(claimed)) {
      if (!stored.some(({ index }) => index === claim)) stored.push({ index: claim, dumpAge: 80, stateAge: 80 });
    }
    for (const { index: claim, dumpAge, stateAge } of stored) {
      const attempt = attemptAt(claim);
      const isClaimed = manifest !== null && (!manifest.isReadable || claimed.includes(claim));
      add(dumpKey(parts, attempt, '.rdb.zst'), dumpAge, isClaimed, attempt.runId);
      if (stateAge !== null) add(stateKey(parts, attempt), stateAge, isClaimed, attempt.runId);
    }
    if (manifest) add(manifestKey(parts), manifest.ageHours, true, undefined, manifestBytes(parts, manifest));
    else if (backup.tombstoneAge !== null) {
      const [key, age] = [manifestKey(parts), backup.tombstoneAge];
      store.overwrite(key, encodeTombstone(newTombstone(before(age))), before(age));
      const common = { target, runId: undefined, folder: backupPrefix(parts), isSidecar: false, isClaimed: false };
      things.push({ ...common, kind: 'tombstone', key, ageHours: age });
    }
    if (backup.sidecarAge !== null) {
      add(`${backupPrefix(parts)}pin.json`, backup.sidecarAge, manifest !== null);
      add(`${backupPrefix(parts)}verified/2026.json`, backup.sidecarAge, manifest !== null);
    }
    for (const { index: attempted, ageHours } of uploads) {
      const { runId, attempt } = attemptAt(attempted);
      const key = dumpKey(parts, { runId, attempt }, '.rdb.zst');
      store.leaveUpload(key, before(ageHours));
      // An upload is no object, so no manifest can mean it.
      const common = { isClaimed: false, folder: backupPrefix(parts), isSidecar: false };
      things.push({ ...common, kind: 'upload', key, target, runId, ageHours });
    }
  }
  return { store, things };
}

function manifestBytes(
  parts: BackupIdParts,
  { isReadable, dump, state }: { isReadable: boolean; dump: number; state: number | null },
): Uint8Array {
  const { target, tier, scheduledFor } = parts;
  const manifest = exampleManifest({ target, tier, scheduledFor: scheduledFor.toISOString() });
  const bytes = encodeManifest({
    ...manifest,
    runId: attemptAt(dump).runId,
    stored: { ...manifest.stored, key: dumpKey(parts, attemptAt(dump), '.rdb.zst') },
    state: { ...manifest.state, key: stateKey(parts, attemptAt(state ?? dump)) },
  });
  return isReadable ? bytes : bytes.subarray(0, -10);
}

function attemptAt(index: number): (typeof ATTEMPTS)[number] {
  const attempt = ATTEMPTS[index];
  if (!attempt) throw new Error(`There is no attempt ${index}.`);
  return attempt;
}

function before(hours: number): Date {
  return new Date(NOW.getTime() - hours * HOUR_MS);
}
