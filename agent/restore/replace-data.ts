import { isDeepStrictEqual } from 'node:util';
import { toBackupError } from '../../core/model/errors.ts';
import type { Manifest } from '../../core/model/manifest.ts';
import { loadStep } from '../../core/model/run-record.ts';
import type { Contents } from '../../core/model/verification.ts';
import type { BackupDeps } from '../backup.ts';
import { compareContents, compareWithManifest } from '../contents.ts';
import { Database } from '../falkordb/database.ts';
import { freeze } from '../falkordb/freeze.ts';
import { persist } from '../falkordb/persist.ts';
import { preflight } from '../falkordb/preflight.ts';
import { setFree } from '../falkordb/set-free.ts';
import { dropUdfLibraries, readUdfLibraries } from '../falkordb/udf-libraries.ts';
import { ownIdentity } from '../process-identity.ts';
import type { Work } from '../run.ts';
import { differs, explainFailure, isReasonToRollBack, notRolledBack, writtenMeanwhile } from './failures.ts';
import { Journal } from './journal.ts';
import { type LinkSetUp, setUpLink } from './link-set-up.ts';
import { backupSource, type RestoreSource } from './restore-source.ts';
import { makeSafetyBackup } from './safety-backup.ts';
import type { Steps } from './steps.ts';
import { contentsOf, type SwapDeps, sendDump, untilLoaded } from './swap.ts';

export interface Order {
  runId: string;
  source: RestoreSource;
  /** What the backup holds, as a throw-away server that loaded it told; null where that was left out. */
  expected: Contents | null;
  withSafetyBackup: boolean;
}

export interface Replaced {
  safetyBackupId: string | null;
  contents: Contents;
  notes: string[];
}

/** Everything of one restore that its steps share. */
interface Scene extends SwapDeps {
  order: Order;
  work: Work;
  deps: BackupDeps;
  steps: Steps;
  link: LinkSetUp;
}

/**
 * Replaces all that a running FalkorDB holds. However it ends, the server holds all of the old data or all of the new,
 * and is set free; where even that fails, or the lease was lost, the journal stays and says so.
 * @throws integrity where the backup is damaged or loads differently, restore-unfinished, lease-lost, database-*, store-*;
 * messages end with what the server holds
 */
export async function replaceData(order: Order, work: Work, deps: BackupDeps, steps: Steps): Promise<Replaced> {
  const { config } = deps;
  using control = await Database.connect(config.falkordb);
  const info = await preflight(control);
  const link = await setUpLink(control, config);
  const { master } = link;
  try {
    const journal = await Journal.create(config.stateFolder, {
      schemaVersion: 1,
      runId: order.runId,
      target: config.target,
      startedAt: deps.now().toISOString(),
      process: ownIdentity(),
      source: order.source.name,
      safetyBackupId: null,
      server: { address: control.name, runId: info.runId, configRewrites: info.configRewrites },
      connections: [(await control.connection()).id],
      master: null,
      masterauthSha256: link.masterauth?.sha256 ?? null,
      streams: [],
      expected: order.expected,
      old: null,
    });
    try {
      const afterwards = AbortSignal.any([work.lease.lost, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const scene = {
        order,
        work,
        deps,
        steps,
        link,
        config,
        master,
        journal,
        onProgress: deps.onProgress,
        afterwards,
      };
      return await carryOut(control, scene);
    } catch (error) {
      await master.close();
      throw await explainFailure(error, journal, work, deps);
    }
  } finally {
    await master.close();
  }
}

async function carryOut(control: Database, scene: Scene): Promise<Replaced> {
  const { steps, work, journal, order } = scene;
  using _alive = control.keepAlive();
  await steps.run('freeze', () => standStill(control, scene));
  const oldLibraries = await readUdfLibraries(control);
  await journal.update({ old: await contentsOf(control, scene), ...(oldLibraries ? { oldLibraries } : {}) });
  const safety = order.withSafetyBackup
    ? await steps.run('safety backup', () => makeSafetyBackup(control, { ...scene, runId: order.runId }))
    : undefined;
  const contents = await swapOrRollBack(safety, control, scene);
  using db = await connectNoted(scene);
  const notes = await steps.run('promote', async () => {
    await work.lease.assertHeld();
    return setFree(db, { ...journal.record, configRewrites: journal.record.server.configRewrites });
  });
  await journal.remove();
  return { safetyBackupId: safety?.backupId ?? null, contents, notes };
}

/** A connection that whoever recovers this restore closes. */
async function connectNoted({ config, journal }: Scene): Promise<Database> {
  const db = await Database.connect(config.falkordb);
  await journal.update({ connections: [...journal.record.connections, (await db.connection()).id] });
  return db;
}

async function standStill(control: Database, scene: Scene): Promise<void> {
  const { link, work, journal } = scene;
  await work.lease.assertHeld();
  if (link.masterauth) await control.call('CONFIG', 'SET', 'masterauth', link.masterauth.password);
  await freeze(control, {
    master: link.master,
    addresses: link.addresses,
    beforeRefusal: (writeLimits) => journal.update({ writeLimits }),
    beforeReplication: async (master) => {
      await journal.update({ master, replicationId: (await control.info()).replication.id });
      await work.lease.assertHeld();
    },
    signal: work.signal,
  });
}

async function send(
  source: RestoreSource,
  holds: 'backup' | 'safety backup',
  signal: AbortSignal,
  control: Database,
  scene: Scene,
): Promise<void> {
  const { steps, work, journal } = scene;
  const request = {
    name: source.name,
    holds,
    bytes: source.bytes,
    dump: source.open(),
    beforeLastBytes: async () => {
      await work.lease.assertHeld();
      const libraries = (await readUdfLibraries(control)) ?? [];
      // Redis lets clients change them on a replica.
      const isChanged = !isDeepStrictEqual(libraries, journal.record.oldLibraries ?? []);
      if (holds === 'backup' && isChanged) throw writtenMeanwhile(control);
      await journal.update({ handedOver: true });
      // By the connection that whoever recovers this restore closes first.
      if (libraries.length > 0) await dropUdfLibraries(control);
    },
    signal,
  };
  const replicationId = await steps.run(`stream the ${holds}`, () => sendDump(request, scene));
  await steps.run(loadStep(holds), () => untilLoaded(replicationId, source.name, scene));
}

/**
 * @throws what was found wrong, after the safety backup was loaded again where the server may have let go of its old data:
 * Redis does so before it finds out that it cannot read a dump
 */
async function swapOrRollBack(safety: Manifest | undefined, control: Database, scene: Scene): Promise<Contents> {
  const { steps, deps, afterwards, order, work, journal } = scene;
  try {
    await send(order.source, 'backup', work.signal, control, scene);
    // The load may have outlasted the other one.
    using db = await connectNoted(scene);
    const contents = await steps.run('compare', () => compare(db, scene));
    const timeouts = { busySeconds: deps.config.busyTimeoutSeconds, saveSeconds: deps.config.saveTimeoutSeconds };
    await steps.run('persist', () => persist(db, { timeouts, signal: afterwards, onSaveProgress: () => {} }));
    await scene.journal.update({ isDurable: true });
    return contents;
  } catch (error) {
    if (!safety || !journal.record.handedOver || !isReasonToRollBack(error)) throw error;
    const source = backupSource(safety, { store: deps.store, signal: afterwards });
    await send(source, 'safety backup', afterwards, control, scene).catch((why: unknown) => {
      throw notRolledBack(toBackupError(error), source.name, toBackupError(why));
    });
    throw error;
  }
}

async function compare(db: Database, scene: Scene): Promise<Contents> {
  const { expected, source } = scene.order;
  const contents = await contentsOf(db, scene);
  const differences = expected
    ? compareContents(expected, contents)
    : source.manifest
      ? compareWithManifest(source.manifest, contents)
      : [];
  if (differences.length > 0) throw differs(source.name, differences);
  return contents;
}
